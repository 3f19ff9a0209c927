import { expect, test } from 'vitest';
import { LogLimitError } from '../../builder/errors.ts';
import { BuildLog } from '../../builder/log.ts';
import { Redaction } from '../../builder/redaction.ts';

function open(store: (part: number, text: string) => Promise<void> = async () => undefined) {
  const redaction = new Redaction();
  const parts: string[] = [];
  let printed = '';
  const log = new BuildLog({
    redaction,
    console: (text) => {
      printed += text;
    },
    store: async (part, text) => {
      await store(part, text);
      parts[part] = text;
    },
  });
  return { log, redaction, parts, printed: () => printed };
}

test('what tools print is on the console and, once the log is closed, in the records', async () => {
  const { log, parts, printed } = open();
  const stream = log.stream();
  stream.write(Buffer.from('one\ntw'));
  stream.write(Buffer.from('o\r\nthree'));
  stream.end();
  await log.close();
  expect(printed()).toBe('one\ntwo\nthree\n');
  expect(parts.join('')).toBe('one\ntwo\nthree\n');
});

test('a heading says when it was', async () => {
  const { log, printed } = open();
  log.heading('build');
  await log.close();
  expect(printed()).toMatch(/^==> build \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, \+0\.0 s\)\n$/);
});

test('a secret that arrives in pieces is removed', async () => {
  const { log, redaction, printed } = open();
  redaction.add('a-long-secret');
  const stream = log.stream();
  for (const piece of ['x a-lo', 'ng-sec', 'ret y\n']) stream.write(Buffer.from(piece));
  await log.close();
  expect(printed()).toBe('x *** y\n');
});

test('a secret at the cut of a line without an end is removed', async () => {
  const { log, redaction, printed } = open();
  redaction.add('a-long-secret');
  const stream = log.stream();
  for (let index = 0; index < 20_000; index += 1) stream.write(Buffer.from('..a-long-secret..'));
  stream.end();
  await log.close();
  expect(printed().replaceAll(/[\n.*]/g, '')).toBe('');
  expect(
    Math.max(
      ...printed()
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThan(40_000);
});

test('characters that arrive in pieces stay whole, and invalid bytes are replaced', async () => {
  const { log, printed } = open();
  const stream = log.stream();
  const bytes = Buffer.from('é\n');
  stream.write(bytes.subarray(0, 1));
  stream.write(bytes.subarray(1));
  stream.write(Buffer.from([0xff, 0x0a]));
  await log.close();
  expect(printed()).toBe('é\n\ufffd\n');
});

test('progress that overwrites its line becomes lines', async () => {
  const { log, printed } = open();
  const stream = log.stream();
  stream.write(Buffer.from('10%\r20%\r'));
  stream.write(Buffer.from('30%\r\ndone\r'));
  stream.end();
  await log.close();
  expect(printed()).toBe('10%\n20%\n30%\ndone\n');
});

test('output beyond the limit is dropped and reported, and the lines of the builder itself are kept', async () => {
  const { log, printed } = open();
  log.limit = 100;
  const stream = log.stream();
  for (let index = 0; index < 50; index += 1) stream.write(Buffer.from('0123456789\n'));
  log.line('the end');
  await log.close();
  expect(log.limitReached.reason).toBeInstanceOf(LogLimitError);
  expect(printed()).toBe(`${'0123456789\n'.repeat(9)}the end\n`);
});

test('parts are stored one after another and in order, however slow the records are', async () => {
  let running = 0;
  const { log, parts, printed } = open(async (part) => {
    running += 1;
    expect(running).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, part === 0 ? 20 : 0));
    running -= 1;
  });
  const stream = log.stream();
  for (let index = 0; index < 5_000; index += 1) {
    stream.write(Buffer.from(`line ${index} ${'x'.repeat(100)}\n`));
    if (index % 500 === 0) await new Promise(setImmediate);
  }
  stream.end();
  await log.close();
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.join('')).toBe(printed());
});

test('what is printed while a part is stored becomes parts that a page can read at once', async () => {
  const stored = Promise.withResolvers<void>();
  const { log, parts, printed } = open(async (part) => {
    if (part === 0) await stored.promise;
  });
  for (let line = 0; line < 10_000; line += 1) log.line('x'.repeat(99));
  log.line('y'.repeat(300_000));
  log.line('the end');
  stored.resolve();
  await log.close();
  expect(parts.join('')).toBe(printed());
  expect(parts.filter((part) => part.length > 256 * 1024)).toEqual([`${'y'.repeat(300_000)}\n`]);
});

test('a part that cannot be stored is reported at the end', async () => {
  const { log } = open(async () => {
    throw new Error('AccessDenied');
  });
  log.line('one');
  await expect(log.close()).rejects.toThrow('AccessDenied');
});

test('the records keep the colours of the text, the console and the last lines do not', async () => {
  const { log, parts, printed } = open();
  const stream = log.stream();
  stream.write(Buffer.from('\u001b[31mred\u001b[0m \u001b[8mhidden\u001b[2J\n'));
  stream.end();
  await log.close();
  expect(printed()).toBe('red hidden\n');
  expect(log.recent).toEqual(['red hidden']);
  expect(parts.join('')).toBe('\u001b[31mred\u001b[0m hidden\n');
});

test('each part says the number of its first line', async () => {
  const firstLines: number[] = [];
  const log = new BuildLog({
    redaction: new Redaction(),
    console: () => undefined,
    store: async (_part, text, firstLine) => {
      firstLines.push(firstLine, text.split('\n').length - 1);
    },
  });
  for (let line = 0; line < 3000; line += 1) log.line('x'.repeat(100));
  await log.close();
  const [first, count = 0, second] = firstLines;
  expect([first, second]).toEqual([1, 1 + count]);
  expect(firstLines.filter((_, at) => at % 2 === 1).reduce((sum, lines) => sum + lines)).toBe(3000);
});
