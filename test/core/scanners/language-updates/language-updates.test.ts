import { expect, test } from 'vitest';
import {
  parseGemOutdated,
  parseNpmOutdated,
  parsePipOutdated,
  pipFailure,
} from '../../../../core/scanners/language-updates/tools.ts';
import { ToolFailedError, UnknownAnswerError } from '../../../../core/scanners/tool-answer.ts';

const page = '<html>Please log in</html>';
const answer = (text: string, code = 0) => ({ text, code });

test('pip lists what is outdated', () => {
  const text =
    '[{"name": "pip", "version": "23.2.1", "latest_version": "26.3", "latest_filetype": "wheel"}, {"name": "my.pkg", "version": "1!2.0+local", "latest_version": "1!3.0", "latest_filetype": "sdist"}]\n';
  expect(parsePipOutdated(answer(text))).toEqual([
    { manager: 'pip', name: 'pip', installed: '23.2.1', available: '26.3' },
    { manager: 'pip', name: 'my.pkg', installed: '1!2.0+local', available: '1!3.0' },
  ]);
  expect(parsePipOutdated(answer('[]\n'))).toEqual([]);
});

test('an empty list of pip is not believed where it has not reached its index', () => {
  const retry = (left: number) =>
    `WARNING: Retrying (Retry(total=${left}, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError': /pip/`;
  expect(pipFailure(`${retry(1)}\n${retry(0)}\n`)).toBe(retry(0));
  expect(pipFailure(`${retry(1)}\nWARNING: pip is old\n`)).toBeUndefined();
  expect(pipFailure('Could not fetch URL https://pypi.org/simple/wheel/: a problem - skipping')).toContain('wheel');
});

test('npm lists what is outdated, once for each place', () => {
  const outdated = {
    'is-odd': { current: '2.0.0', wanted: '3.0.1', latest: '3.0.1', dependent: 'global', location: '/usr/lib/x' },
    '@scope/tool': [
      { current: '1.0.0', latest: '1.1.0' },
      { current: '1.1.0', latest: '1.1.0' },
    ],
    missing: { wanted: '1.0.0', latest: '1.0.0' },
    linked: { current: 'linked', wanted: 'linked', latest: 'linked' },
  };
  expect(parseNpmOutdated(answer(JSON.stringify(outdated), 1))).toEqual([
    { manager: 'npm', name: 'is-odd', installed: '2.0.0', available: '3.0.1' },
    { manager: 'npm', name: '@scope/tool', installed: '1.0.0', available: '1.1.0' },
  ]);
  expect(parseNpmOutdated(answer('{}\n'))).toEqual([]);
  expect(parseNpmOutdated(answer(''))).toEqual([]);
});

test('npm’s own error is the reason, and no package', () => {
  const error = '{"error": {"code": "ECONNREFUSED", "summary": "request to http://r failed", "detail": "x"}}';
  expect(() => parseNpmOutdated(answer(error, 1))).toThrow(
    new ToolFailedError('npm could not look for updates: request to http://r failed'),
  );
  // A package of that name.
  expect(parseNpmOutdated(answer('{"error": {"current": "7.0.2", "latest": "7.2.1"}}', 1))).toHaveLength(1);
  expect(() => parseNpmOutdated(answer('', 1))).toThrow(UnknownAnswerError);
});

test('gem lists what is outdated', () => {
  expect(parseGemOutdated(answer('bundler (2.3.7 < 2.5.6)\nnet-http2.x (0.18 < 1.0.0.pre1)\n'))).toEqual([
    { manager: 'gem', name: 'bundler', installed: '2.3.7', available: '2.5.6' },
    { manager: 'gem', name: 'net-http2.x', installed: '0.18', available: '1.0.0.pre1' },
  ]);
});

test.each([
  ['pip', parsePipOutdated],
  ['npm', parseNpmOutdated],
  ['gem', parseGemOutdated],
])('what %s never prints is no answer', (_tool, parse) => {
  const texts = [page, '{"a": 1}', '[{"name": "a\\u001b[2J", "version": "1", "latest_version": "2"}]', 'up to date!'];
  for (const text of texts) expect(() => parse(answer(text)), text).toThrow(UnknownAnswerError);
});
