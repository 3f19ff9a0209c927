import { describe, expect, it } from 'vitest';
import { entriesToBuild } from '../../../core/index/entries-to-build.ts';
import { sampleProject as project } from '../sample-project.ts';

describe('a head of the index has built', () => {
  const head = { commit: 'c'.repeat(40), revision: 7, applied: 5 };
  const app = project('demo/app:latest');
  const built = (...[plan, known]: [Parameters<typeof entriesToBuild>[1], Parameters<typeof entriesToBuild>[2]]) =>
    Object.fromEntries(entriesToBuild(head, plan, known));

  it('each entry that is new or gives another image, and none that only sends its mails elsewhere', () => {
    const moved = { ...app, gitBranch: 'next' };
    const base = project('demo/base:latest');
    const mailed = { ...base, notifyEmail: ['other@example.org'] };
    expect(built({ added: [project('demo/new:1')], changed: [moved, mailed] }, [app, base])).toEqual({
      'demo/new:1': { revision: 7, commit: head.commit, change: 'added' },
      'demo/app:latest': { revision: 7, commit: head.commit, change: 'changed', keys: ['git-branch'] },
    });
  });

  it('what an earlier head required that was not applied to its end, and nothing that was', () => {
    const required = (revision: number) => ({ revision, commit: 'a'.repeat(40), change: 'added' as const });
    const known = [
      { ...app, requiredBy: required(6) },
      { ...project('demo/done:1'), requiredBy: required(5) },
      { ...project('demo/gone:1'), active: false, requiredBy: required(6) },
    ];
    expect(built({ added: [], changed: [] }, known)).toEqual({ 'demo/app:latest': required(6) });
  });
});
