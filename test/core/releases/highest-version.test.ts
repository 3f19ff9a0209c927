import { expect, it } from 'vitest';
import { highestVersion } from '../../../core/releases/highest-version.ts';

it.each<[string[], string | undefined]>([
  [[], undefined],
  [['latest', 'main', 'build-20261121T010203Z-1a2b3c4', 'sha-1a2b3c4'], undefined],
  [['1', '1.2', '1.2.3'], '1.2.3'],
  [['1.9.0', '1.10.0'], '1.10.0'],
  [['1.2.3', '2.0.0-rc.1'], '1.2.3'],
  [['2.0.0-rc.1', '2.0.0-rc.10'], '2.0.0-rc.10'],
])('the highest version among %j is %s', (tags, version) => {
  expect(highestVersion(tags)).toBe(version);
});
