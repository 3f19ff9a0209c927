import type { Scanner } from './scanner.ts';

export const capabilities: Scanner<'capabilities'> = async () => ({
  state: 'not-applicable',
  reason: 'It is not looked for yet.',
  findings: [],
});
