import { expect, test } from 'vitest';
import { isAllowedFrontend } from '../../../core/bases/frontend.ts';

test.each([
  ['docker/dockerfile', true],
  ['docker/dockerfile:1', true],
  ['docker/dockerfile:1.7-labs', true],
  ['docker.io/docker/dockerfile:1', true],
  ['index.docker.io/docker/dockerfile:1', true],
  [`docker/dockerfile:1@sha256:${'0'.repeat(64)}`, true],
  ['docker/dockerfile-upstream:master', false],
  ['dockerfile', false],
  ['evil/dockerfile:1', false],
  ['docker/dockerfile/evil', false],
  ['localhost:5000/docker/dockerfile:1', false],
  ['ghcr.io/docker/dockerfile:1', false],
])('%s is allowed: %s', (reference, isAllowed) => {
  expect(isAllowedFrontend(reference)).toBe(isAllowed);
});

test('the index may allow others, in any version', () => {
  const allowed = ['ghcr.io/project-dalec/dalec/frontend'];
  expect(isAllowedFrontend('ghcr.io/project-dalec/dalec/frontend:latest', allowed)).toBe(true);
  expect(isAllowedFrontend('ghcr.io/project-dalec/dalec', allowed)).toBe(false);
  expect(isAllowedFrontend('docker/dockerfile:1', allowed)).toBe(true);
});
