import { expect, test } from 'vitest';
import { parseConfig } from '../../infra/config.ts';
import { localConfig } from '../../local/assembly.ts';

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
