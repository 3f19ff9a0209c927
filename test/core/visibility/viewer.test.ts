import { expect, it } from 'vitest';
import { maySee, stranger, type Viewer } from '../../../core/visibility/viewer.ts';

const alex: Viewer = { ...stranger, email: 'alex@example.org', groups: ['Architects'] };
const project = { visibility: 'private' as const, notifyEmail: ['owner@example.org'] };

it.each<[string, Viewer, Parameters<typeof maySee>[1], boolean]>([
  ['everybody a public project', stranger, { notifyEmail: [] }, true],
  ['a stranger', stranger, project, false],
  ['whom the entry does not name', alex, project, false],
  ['who gets its mails', { ...alex, email: 'owner@example.org' }, project, true],
  ['a viewer', alex, { ...project, viewers: ['Alex@Example.org'] }, true],
  ['a member of a group', alex, { ...project, viewers: ['group:architects'] }, true],
  [
    'a group with the name of an address',
    { ...alex, email: undefined },
    { ...project, viewers: ['architects@example.org'] },
    false,
  ],
  [
    'an address with the name of a group',
    { ...stranger, email: 'group:architects' },
    { ...project, viewers: ['group:x'] },
    false,
  ],
  [
    'who gets its mails, where it names others',
    { ...alex, email: 'owner@example.org' },
    { ...project, viewers: [] },
    false,
  ],
  ['who sees all', { ...stranger, seesAll: true }, { ...project, viewers: [] }, true],
])('%s sees it: %#', (_, viewer, of, expected) => {
  expect(maySee(viewer, of)).toBe(expected);
});
