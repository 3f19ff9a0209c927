import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArguments } from '../../../local/demo/arguments.ts';

describe('the command line of the demo', () => {
  test('needs nothing', () => {
    expect(readArguments([])).toEqual({ help: false, keep: false, port: undefined, data: undefined });
  });

  test('takes a port, a folder and the wish to go on', () => {
    const expected = { help: false, keep: true, port: 5000, data: join(process.cwd(), 'my data') };
    expect(readArguments(['--keep', '--port', '5000', '--data', 'my data'])).toEqual(expected);
  });

  test.each([['--port', '0'], ['--port', '65536'], ['--port', '4600x'], ['--portal'], ['extra']])(
    'refuses %s %s in one line',
    (...args) => {
      expect(() => readArguments(args)).toThrow(expect.objectContaining({ name: 'UsageError' }));
      expect(() => readArguments(args)).toThrow(/^[^\n]+$/);
    },
  );
});
