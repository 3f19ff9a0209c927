import type { Scanner } from './scanner.ts';

export const dockerfileLint: Scanner<'dockerfile-lint'> = async () => ({
  state: 'not-applicable',
  reason: 'It is not looked for yet.',
  findings: [],
});
