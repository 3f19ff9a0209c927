import { expect, it } from 'vitest';
import { readIndex } from '../../../core/index/read-index.ts';
import { goodFile, now } from './index-texts.ts';

// ECR, DynamoDB or the policies would refuse these while the index is applied, and the other entries would wait with them.
it.each([
  ['a name that ends in a hyphen', { 'job-id': 'app-' }, /not an image name/],
  ['a name with two dots', { 'app-id': 'my..demo' }, /not an image name/],
  ['a name with two underscores', { 'job-id': 'a__b' }, /not an image name/],
  ['a name of one letter', { 'app-id': 'library', 'job-id': 'r' }, /2 to 80/],
  ['a name that ECR has no room for', { 'job-id': 'a'.repeat(200) }, /2 to 80/],
  ['the namespace of the candidates', { 'app-id': 'Candidate' }, /"candidate" is taken/],
  ['an address too long to be looked up', { 'git-url': `https://git.example/${'a'.repeat(3000)}` }, /longer than 500/],
  [
    'a thousand people to write to',
    { 'notify-email': `[${Array.from({ length: 1000 }, (_, at) => `a${at}@example.org`)}]` },
    /more than 50/,
  ],
  ['a path too long for a record, written in pieces', { 'git-path': 'a/'.repeat(400) }, /longer than 500/],
])('refuses %s, and takes the entry beside it', (_, keys, message) => {
  const { projects, diagnostics: all } = readIndex([goodFile({ app: keys as Record<string, string>, other: {} })], {
    now,
  });
  const diagnostics = all.filter(({ severity }) => severity === 'error');
  expect(projects.map(({ name }) => name)).toEqual(['demo/other:latest']);
  expect(diagnostics).toHaveLength(1);
  expect(diagnostics[0]?.message).toMatch(message);
  expect(diagnostics[0]?.entry?.length).toBeLessThan(300);
});
