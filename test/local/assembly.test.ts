import { expect, test } from 'vitest';
import { parseConfig } from '../../infra/config/parse-config.ts';
import { localConfig, replacedIn } from '../../local/assembly.ts';

test('a deployment that pulls through caches of its account is built on one machine, which has none, from the registries themselves', () => {
  const given = {
    sender: 'slipway@your.org',
    operators: ['you@your.org'],
    indexRepository: 'you/index',
    build: { timeoutSeconds: 600, pullThrough: { 'docker.io': 'docker-hub' } },
  };
  expect(parseConfig(localConfig(given)).build).toMatchObject({ timeoutSeconds: 600, pullThrough: {} });
});

test('one machine needs no configuration', () => {
  expect(() => parseConfig(localConfig(undefined))).not.toThrow();
});

test('one machine has five times as many builds in flight as run at once, unless the configuration says it', () => {
  const concurrency = (...given: Parameters<typeof localConfig>) =>
    parseConfig(localConfig(...given)).build.concurrency;
  expect(concurrency(undefined)).toBe(10);
  expect(concurrency(undefined, 4)).toBe(20);
  expect(concurrency({ build: { concurrency: 0 } }, 4)).toBe(0);
});

test('one machine has its own git host, sign-in and account, and says which settings do not count', () => {
  const given = {
    gitHosts: [{ kind: 'gitlab', url: 'https://gitlab.com' }],
    accounts: { pipeline: '111122223333', region: 'eu-central-1', builds: '222233334444' },
    sender: 'slipway@your.org',
  };
  const config = parseConfig(localConfig(given));
  expect(config.accounts).toBeUndefined();
  expect(config.gitHosts).toMatchObject([{ kind: 'github' }]);
  expect(replacedIn(given)).toEqual(['accounts', 'gitHosts']);
});
