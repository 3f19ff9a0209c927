import { describe, expect, it } from 'vitest';
import { indexChange, mergedFiles } from '../../../core/index/change.ts';
import type { IndexFile } from '../../../core/index/read-index.ts';
import { sampleProject } from '../sample-project.ts';
import { goodFile, now } from './index-texts.ts';

const names = (projects: { name: string }[]) => projects.map(({ name }) => name);
const broken: IndexFile = { path: 'index.d/broken.yml', text: 'Projects:\n  - [\n' };

describe('the index as it will be after the merge', () => {
  const old = goodFile({ app: {} });
  it('has the files that the pull request changes, and of the others what the base has by now', () => {
    const base = [goodFile({ app: { 'git-branch': 'new' } }), goodFile({ other: {} }, 'other')];
    const head = [old, goodFile({ mine: {} }, 'mine')];
    expect(mergedFiles(base, head, ['index.d/mine.yml', 'README.md']).map(({ path }) => path)).toEqual([
      'index.d/demo.yml',
      'index.d/mine.yml',
      'index.d/other.yml',
    ]);
    expect(mergedFiles(base, head, ['index.d/mine.yml'])[0]).toBe(base[0]);
  });

  it('has not what the pull request removes', () => {
    expect(mergedFiles([old], [], ['index.d/demo.yml'])).toEqual([]);
    expect(mergedFiles([old], [], undefined)).toEqual([]);
  });
});

describe('a pull request', () => {
  it('adds, changes and removes', () => {
    const base = [goodFile({ one: {}, two: {}, three: {}, four: {} })];
    const merged = [
      goodFile({
        one: {},
        two: { 'git-branch': 'next' },
        three: { 'notify-email': 'another@example.org' },
        child: { 'depends-on': 'demo/parent:latest' },
        parent: {},
      }),
    ];
    const change = indexChange(base, merged, [], { now });
    expect(change.errors).toEqual([]);
    expect(names(change.added)).toEqual(['demo/child:latest', 'demo/parent:latest']);
    expect(change.changed.map(({ after, isBuilt }) => [after.name, isBuilt])).toEqual([
      ['demo/two:latest', true],
      ['demo/three:latest', false],
    ]);
    expect(names(change.removed)).toEqual(['demo/four:latest']);
  });

  it('is not about what it does not touch: what is known is of no interest but for files that cannot be read', () => {
    const base = [goodFile({ one: {} })];
    const change = indexChange(base, base, [sampleProject('demo/gone:latest')], { now });
    expect([...change.added, ...change.changed, ...change.removed]).toEqual([]);
  });

  it('does not answer for an error that was there before', () => {
    const wrong = goodFile({ wrong: { 'git-url': 'nonsense' } }, 'wrong');
    const change = indexChange([wrong, broken], [wrong, broken, goodFile({ one: {} })], [], { now });
    expect(change.errors).toEqual([]);
    expect(new Set(change.older.map(({ file }) => file))).toEqual(new Set(['index.d/broken.yml', 'index.d/wrong.yml']));
    expect(names(change.added)).toEqual(['demo/one:latest']);
  });

  it('does not answer for an older error of another entry of the file that it changes', () => {
    const before = goodFile({ wrong: { 'git-url': 'nonsense' } });
    const after = goodFile({ mine: {}, wrong: { 'git-url': 'nonsense' } });
    const change = indexChange([before], [after], [], { now });
    expect(change.errors).toEqual([]);
    expect(change.older).toHaveLength(1);
  });

  it('answers for its own, in whatever file they are seen', () => {
    const base = [goodFile({ app: {} }, 'zzz')];
    const merged = [goodFile({ app: { 'app-id': 'zzz' } }, 'aaa'), ...base];
    expect(indexChange(base, merged, [], { now }).errors).toHaveLength(1);
    const mended = [goodFile({ app: { 'git-url': 'nonsense' } }, 'zzz')];
    expect(indexChange(base, mended, [], { now }).errors).toHaveLength(1);
  });

  it('cannot be merged while the file that it changes cannot be read, no matter which commit broke it', () => {
    const after = { ...broken, text: `${broken.text}# my entry` };
    expect(indexChange([broken], [after], [], { now }).errors.length).toBeGreaterThan(0);
  });

  it('that mends a file adds nothing that was known before it was broken, and removes what it leaves out', () => {
    const known = ['one', 'two'].map((jobId) => ({
      ...sampleProject(`broken/${jobId}:latest`),
      gitUrl: `https://git.example/broken/${jobId}.git`,
      source: `git.example/broken/${jobId}`,
      file: 'index.d/broken.yml',
    }));
    const change = indexChange([broken], [goodFile({ one: {} }, 'broken')], known, { now });
    expect(names(change.added)).toEqual([]);
    expect(names(change.removed)).toEqual(['broken/two:latest']);
  });
});

describe('a pull request that changes the policy of the index', () => {
  const policy = (severity: string): IndexFile => ({ path: 'policy.yml', text: `policy: {max-severity: ${severity}}` });
  const entries = goodFile({ app: {}, own: { policy: '{max-severity: LOW}' } });
  const known = (outcome: 'pass' | 'block') => [{ ...sampleProject(), judged: { outcome } }];

  it('changes the projects that have none of their own, and builds those that were blocked', () => {
    for (const [outcome, isBuilt] of [
      ['pass', false],
      ['block', true],
    ] as const) {
      const change = indexChange([entries, policy('MEDIUM')], [entries, policy('HIGH')], known(outcome), { now });
      expect(change.changed.map(({ after, isBuilt: built }) => [after.name, built])).toEqual([
        ['demo/app:latest', isBuilt],
      ]);
      expect(change.policy).toEqual({ before: { maxSeverity: 'MEDIUM' }, after: { maxSeverity: 'HIGH' } });
    }
  });

  it('and breaks it says so, and changes nothing', () => {
    const change = indexChange([entries, policy('MEDIUM')], [entries, policy('HUGE')], [], { now });
    expect(change.errors).toMatchObject([{ file: 'policy.yml', line: 1 }]);
    expect(change).toMatchObject({ added: [], changed: [], removed: [] });
    expect(change.policy).toBeUndefined();
  });

  it('and not at all says nothing of it', () => {
    expect(indexChange([entries, policy('LOW')], [entries, policy('low')], [], { now }).policy).toBeUndefined();
  });
});
