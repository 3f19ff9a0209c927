import { expect, it } from 'vitest';
import { joinedResult, type PlatformRun } from '../../../core/builds/joined-result.ts';
import type { BuildResult } from '../../../core/model/builder-contract.ts';

const base = {
  reference: 'debian:12',
  image: 'docker.io/library/debian:12',
  digest: `sha256:${'b'.repeat(64)}`,
  own: false,
};
const built = (over: Partial<BuildResult & { outcome: 'built' }> = {}): BuildResult => ({
  outcome: 'built',
  digest: `sha256:${'1'.repeat(64)}`,
  commit: 'a'.repeat(40),
  committedAt: '2026-11-21T00:00:00Z',
  bases: [base],
  engine: 'BuildKit',
  ...over,
});
const failed = (error: string, message: string): BuildResult => ({ outcome: 'failed', error, message });
const joined = (amd: Omit<PlatformRun, 'platform'>, arm: Omit<PlatformRun, 'platform'>) =>
  joinedResult([
    { platform: 'linux/amd64', ...amd },
    { platform: 'linux/arm64', ...arm },
  ]);
const stopped = { Error: 'States.TaskFailed', Cause: JSON.stringify({ Build: { BuildStatus: 'TIMED_OUT' } }) };

it('what all platforms are built from is one result', () => {
  expect(joined({ result: built() }, { result: built({ engine: 'BuildKit 2' }) })).toMatchObject({
    outcome: 'built',
    bases: [base],
    engine: 'BuildKit, BuildKit 2',
  });
});

it('its steps are those of all platforms, and unknown where one does not say them', () => {
  const first = { result: built({ cacheUse: { cached: 7, total: 9 } }) };
  expect(joined(first, { result: built({ cacheUse: { cached: 0, total: 9 } }) })).toMatchObject({
    cacheUse: { cached: 7, total: 18 },
  });
  expect(joined(first, { result: built() })).toMatchObject({ outcome: 'built', cacheUse: undefined });
});

it.each<[string, PlatformRun['result'], PlatformRun['error'], string, string]>([
  ['fails', failed('DockerfileFailedError', 'RUN make failed.'), stopped, 'DockerfileFailedError', 'RUN make failed.'],
  ['has no result', undefined, undefined, 'ExecutionEndedError', 'The pipeline ended without giving a reason.'],
  ['takes too long', undefined, stopped, 'BuildTimeoutError', 'CodeBuild ended the build because it took too long.'],
  ['leaves the image of an earlier attempt', built(), stopped, 'BuildTimeoutError', 'CodeBuild ended the build'],
])('one platform that %s fails all, and the message names it', (_, result, error, name, message) => {
  const whole = joined({ result: built() }, { result, error });
  expect(whole).toMatchObject({ outcome: 'failed', error: name, bases: [base] });
  expect(whole).toHaveProperty('message', expect.stringContaining(`linux/arm64: ${message}`));
});

it('a failure that waiting cannot help counts before one that passes', () => {
  const limited = { result: failed('PullLimitedError', 'Too many requests.'), error: stopped };
  const broken = { result: failed('DockerfileFailedError', 'RUN make failed.'), error: stopped };
  expect(joined(limited, broken)).toMatchObject({
    error: 'DockerfileFailedError',
    message: 'linux/arm64: RUN make failed.',
  });
  expect(joined(limited, limited)).toMatchObject({ error: 'PullLimitedError', message: 'Too many requests.' });
});

it('images on different bases are not released together', () => {
  const moved = { ...base, digest: `sha256:${'c'.repeat(64)}` };
  expect(joined({ result: built() }, { result: built({ bases: [moved] }) })).toMatchObject({
    outcome: 'failed',
    error: 'BaseMovedError',
    message: expect.stringMatching(/^debian:12 got another image/),
  });
});
