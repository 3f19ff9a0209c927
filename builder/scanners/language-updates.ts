import type { Scanner } from './scanner.ts';

export const languageUpdates: Scanner<'language-updates'> = async () => ({
  state: 'not-applicable',
  reason: 'It is not looked for yet.',
  findings: [],
});
