import { expect, it } from 'vitest';
import { entryKeys } from '../../../core/index/entry-keys.ts';
import { suggestionFor } from '../../../core/text/suggestion.ts';

it.each([
  ['depende-on', 'depends-on'],
  ['depend-on', 'depends-on'],
  ['build_context', 'build-context'],
  ['Build Context', 'build-context'],
  ['GIT-URL', 'git-url'],
  ['giturl', 'git-url'],
  ['git-barnch', 'git-branch'],
  ['target-fiel', 'target-file'],
  ['desired_tags', 'desired-tag'],
  ['notify-mail', 'notify-email'],
  ['jobid', 'job-id'],
])('%s is meant to be %s', (written, meant) => {
  expect(suggestionFor(written, entryKeys)).toBe(meant);
});

it.each(['maintainer', 'x', 'comment', 'a'.repeat(100_000)])('%.20s is nothing that is known', (written) => {
  expect(suggestionFor(written, entryKeys)).toBeUndefined();
});
