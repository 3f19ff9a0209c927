import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian, type WorkingCopy } from './sources.ts';

let slipway: Slipway;

beforeAll(async () => {
  slipway = await startSlipway();
  await slipway.standIn();
});
afterAll(() => slipway?.stop());

const watch = () => slipway.invoke('WatchSources');

/** Writes to the host's own folder: a push that no delivery tells of. */
async function pushSilently(copy: WorkingCopy, repository: string, ...refs: string[]): Promise<string> {
  const folder = join(slipway.machine.dataFolder, 'git', `${repository}.git`);
  await copy.git('add', '--all');
  await copy.git('commit', '--quiet', '--allow-empty', '--message=Nobody hears of this');
  for (const ref of refs) if (ref.startsWith('refs/tags/')) await copy.git('tag', ref.slice('refs/tags/'.length));
  await copy.git('push', '--quiet', '--force', folder, ...refs.map((ref) => `HEAD:${ref}`));
  return (await copy.git('rev-parse', 'HEAD')).trim();
}

const counts = async (...jobs: string[]) => Promise.all(jobs.map(async (job) => (await slipway.builds(job)).length));

it('builds a push whose delivery was lost, once', async () => {
  const first = await slipway.pushSource('app', { Dockerfile: smallDebian });
  await slipway.track(slipway.entry('app'), slipway.entry('other', { id: '2' }));
  expect(await slipway.ended('app', first)).toMatchObject({ status: 'released', cause: { type: 'index' } });
  // The other repository is not there yet.
  expect(await watch()).toMatchObject({ sources: 3, checked: 3, triggers: 0, hostsDown: [] });

  const copy = await slipway.workingCopy('demo/app');
  await copy.write({ 'news.txt': 'second\n' });
  const second = await pushSilently(copy, 'demo/app', 'refs/heads/main', 'refs/tags/v1.0.0');
  expect(await watch()).toMatchObject({ triggers: 1 });
  const ended = (ref: string) =>
    slipway.until(`the end of the build of ${ref}`, async () =>
      (await slipway.builds('app')).find(
        ({ cause, commit, status }) =>
          cause.ref === ref && commit === second && /released|unchanged|failed|blocked/.test(status),
      ),
    );
  const build = await ended('refs/heads/main');
  expect(build).toMatchObject({ status: 'released', cause: { type: 'source-moved' } });
  const tag = await ended('refs/tags/v1.0.0');
  expect(tag).toMatchObject({ status: 'released', commit: second });
  expect(tag.image?.tags).toContain('1.0.0');

  expect(await watch()).toMatchObject({ triggers: 0 });
  // A delivery that comes after all changes nothing.
  await copy.git('push', '--quiet', '--force', 'origin', 'HEAD:refs/heads/main');
  const third = await slipway.pushSource('app', { 'news.txt': 'third\n' });
  await slipway.ended('app', third);
  expect(await counts('app', 'other')).toEqual([4, 0]);
});

it('applies a push of the index whose delivery was lost', async () => {
  const commit = await slipway.pushSource('late', { Dockerfile: smallDebian }, 'A source that no entry names yet');
  const index = await slipway.workingCopy(slipway.machine.indexRepository);
  const entries = [slipway.entry('app'), slipway.entry('other', { id: '2' }), slipway.entry('late', { id: '3' })];
  await index.write({ 'index.d/demo.yml': `Projects:\n${entries.join('\n')}\n` });
  await pushSilently(index, slipway.machine.indexRepository, 'refs/heads/main');
  expect(await watch()).toMatchObject({ triggers: 1 });
  expect(await slipway.ended('late', commit)).toMatchObject({ status: 'released', cause: { type: 'index' } });
  expect(await watch()).toMatchObject({ triggers: 0 });
});
