import type { Scanner } from './scanner.ts';

export const fileIntegrity: Scanner<'file-integrity'> = async () => ({
  state: 'not-applicable',
  reason: 'It is not looked for yet.',
  findings: [],
});
