import type { Scanner } from './scanner.ts';

export const packageUpdates: Scanner<'package-updates'> = async () => ({
  state: 'not-applicable',
  reason: 'It is not looked for yet.',
  findings: [],
});
