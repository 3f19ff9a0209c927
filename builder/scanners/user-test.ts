import type { Scanner } from './scanner.ts';

export const userTest: Scanner<'user-test'> = async () => ({
  state: 'not-applicable',
  reason: 'It is not looked for yet.',
  findings: [],
});
