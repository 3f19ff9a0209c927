import { expect, it } from 'vitest';
import { isFixable } from '../../../core/model/findings.ts';

it.each([
  ['whose fixed version is known', { fixed: '3.0.2' }, true],
  ['of which Inspector says only that there is one', { fixAvailable: 'YES' }, true],
  ['that is fixed in some of its packages only', { fixAvailable: 'PARTIAL' }, false],
  ['that no version fixes', { fixAvailable: 'NO' }, false],
  ['of which nobody says anything', {}, false],
  ['with an empty version', { fixed: '' }, false],
] as const)('a finding %s, %j, is fixable: %s', (_, finding, fixable) => {
  expect(isFixable(finding)).toBe(fixable);
});
