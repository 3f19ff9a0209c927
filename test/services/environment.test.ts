import { afterEach, expect, it, vi } from 'vitest';
import { isPermitted } from '../../services/environment.ts';

afterEach(() => vi.unstubAllEnvs());

it.each([undefined, '', 'false', 'TRUE', '1', 'yes', ' true', 'true '])('%j trusts no build', (value) => {
  vi.stubEnv('TRUST_BUILDS', value);
  expect(isPermitted('TRUST_BUILDS')).toBe(false);
});

it('"true" does', () => {
  vi.stubEnv('TRUST_BUILDS', 'true');
  expect(isPermitted('TRUST_BUILDS')).toBe(true);
});
