import { expect, it } from 'vitest';
import { getsFindings, isWorthMail } from '../../../core/releases/notification.ts';

it.each([
  ['that a tag names', 'complete', ['latest'], {}, true],
  ['that no tag names any more', 'complete', [], {}, false],
  ['that cannot be scanned and that a tag names', 'failed', ['latest'], {}, true],
  ['that is gone, while its tags name other images', 'gone', ['latest', '1.0'], { latest: true, '1.0': true }, false],
  ['that is gone with one of its tags', 'gone', ['latest', '1.0'], { latest: true, '1.0': false }, true],
  ['that is gone and had no tag', 'gone', [], {}, false],
] as const)('a change of an image %s: a mail or none', (_, state, floating, isThere, isWorth) => {
  expect(isWorthMail({ state }, { floating: [...floating] }, new Map(Object.entries(isThere)))).toBe(isWorth);
});

it.each([
  ['whose entry says nothing', true, undefined, true],
  ['whose entry lists findings', true, ['findings' as const], true],
  ['whose entry lists other mails', true, ['failed' as const], false],
  ['whose entry wants no mails', true, [], false],
  ['that has left the index', false, undefined, false],
])('a project %s gets mails about findings, or none', (_, active, notify, isSent) => {
  expect(getsFindings({ active, notify })).toBe(isSent);
});
