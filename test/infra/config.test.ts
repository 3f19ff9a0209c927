import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import cdk from '../../cdk.json' with { type: 'json' };
import { defaultPolicy } from '../../core/model/policy.ts';
import { ConfigError, parseConfig } from '../../infra/config/parse-config.ts';
import { settings } from '../../infra/config/settings.ts';

const least = { sender: 'slipway@your.org', operators: ['you@your.org'], indexRepository: 'you/container-index' };

/** What the operator reads. */
function complaint(value: unknown): string {
  try {
    parseConfig(value);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('The configuration is valid.');
}

describe('a configuration', () => {
  test('needs three keys; the rest has defaults', () => {
    expect(parseConfig(least)).toEqual({
      ...least,
      prefix: 'Slipway',
      senderIdentity: 'new',
      repositoryPrefix: 'slipway/',
      indexBranch: 'main',
      gitHosts: [{ kind: 'github', url: 'https://github.com', apiUrl: 'https://api.github.com' }],
      privateHosts: [],
      mail: { recipientsPerEntry: 5, confirmAddresses: true },
      webhook: { reservedConcurrency: 0 },
      pages: { requestsPerSecond: 20 },
      policy: defaultPolicy,
      deploy: { author: 'Slipway', signCommits: false, services: [], taskRoles: [] },
      copies: { roles: [] },
      build: {
        timeoutSeconds: 3600,
        concurrency: 0,
        atOncePerProject: 4,
        perHourPerProject: 60,
        computeType: 'MEDIUM',
        architecture: 'arm64',
        buildkitImage:
          'mirror.gcr.io/moby/buildkit:v0.33.1@sha256:cec9f139f45e93c5c69c60f8b07cfad9f43f4ef6b6a6cd917527fea5ff2e3dea',
        prebuildImage: 'public.ecr.aws/docker/library/buildpack-deps:stable',
        pullThrough: {},
      },
      retention: { logDays: 30, recordDays: 365, releases: { newest: 10, expired: 'delete' } },
    });
  });

  test.each([
    ['github', 'https://github.com', 'https://api.github.com'],
    ['github', 'https://git.example', 'https://git.example/api/v3'],
    ['gitlab', 'https://example.org/gitlab/', 'https://example.org/gitlab/api/v4'],
    ['forgejo', 'https://codeberg.org', 'https://codeberg.org/api/v1'],
  ])('knows where the API of %s at %s is', (kind, url, apiUrl) => {
    expect(parseConfig({ ...least, gitHosts: [{ kind, url }] }).gitHosts).toMatchObject([{ apiUrl }]);
  });

  test('may come as text, as the CLI gives it', () => {
    expect(parseConfig(JSON.stringify(least))).toEqual(parseConfig(least));
  });

  test('may leave the prefix of the repositories empty', () => {
    expect(parseConfig({ ...least, repositoryPrefix: '' }).repositoryPrefix).toBe('');
  });

  test('loses the slash at the end of an address', () => {
    expect(parseConfig({ ...least, siteUrl: 'https://images.your.org/' }).siteUrl).toBe('https://images.your.org');
  });

  test('stands in cdk.json as an example that is valid', () => {
    expect(() => parseConfig(cdk.context.slipway)).not.toThrow();
  });
});

describe('a mistake', () => {
  test.each([
    ['nothing at all', undefined, '"slipway" is not there'],
    ['text that is not JSON', '{', '"slipway" is text that is not JSON'],
    [
      'a key left out',
      { ...least, operators: undefined },
      'slipway.operators is missing: add it. Who is notified of alarms',
    ],
    ['a misspelt key', { ...least, senders: 'x' }, 'slipway has "senders", which Slipway does not know'],
    ['a misspelt key further down', { ...least, build: { timeout: 1 } }, 'slipway.build has "timeout"'],
    [
      'an address that is none',
      { ...least, sender: 'me' },
      'slipway.sender is "me": it must be a mail address, such as',
    ],
    ['one bad address of several', { ...least, operators: ['you@your.org', 'me'] }, 'slipway.operators.1 is "me"'],
    ['a repository without an owner', { ...least, indexRepository: 'index' }, 'it must be owner/repository, such as'],
    [
      'a prefix that ECR refuses',
      { ...least, repositoryPrefix: 'Slipway' },
      'it must be empty or lower-case path segments',
    ],
    [
      'an address of another protocol',
      { ...least, gitHosts: [{ kind: 'github', url: 'ssh://github.com' }] },
      'slipway.gitHosts.0.url is "ssh://github.com": it must be an http or https URL',
    ],
    ['a severity that is none', { ...least, policy: { maxSeverity: 'BAD' } }, 'slipway.policy.maxSeverity is "BAD"'],
    [
      'a time that CodeBuild refuses',
      { ...least, build: { timeoutSeconds: 99_999 } },
      'slipway.build.timeoutSeconds is 99999',
    ],
    [
      'a retention that CloudWatch refuses',
      { ...least, retention: { logDays: 8 } },
      'slipway.retention.logDays is 8: it must be one of 1, 3, 5',
    ],
  ])('%s is named, with what to do', (_what, value, expected) => {
    expect(complaint(value)).toContain(expected);
  });

  test('is reported with all others at once, and with the place where help is', () => {
    const text = complaint({ sender: 'me', operators: [] });
    expect(text.match(/^ {2}- /gm)).toHaveLength(3);
    expect(text).toContain('docs/operations.md');
  });
});

test.each(['README.md', 'docs/operations.md'])(
  'the table in %s has every key with its default and its meaning',
  (name) => {
    const manual = readFileSync(join(import.meta.dirname, '..', '..', name), 'utf8');
    const rows = settings().map(
      ({ key, default: standard, required, description }) =>
        `| \`${key}\` | ${standard === undefined ? (required ? 'required' : '') : `\`${standard}\``} | ${description} |`,
    );
    for (const row of rows) expect(manual).toContain(row);
  },
);
