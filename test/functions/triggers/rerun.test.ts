import { expect, it } from 'vitest';
import { pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

const rerun = (
  of: { build: string } | { commit: string },
  requester = 'maintainer',
  source = 'git.example/demo/app',
) => ({ type: 'rerun' as const, id: `delivery of ${requester}`, source, of, requester });

async function setUp() {
  const planning = await setUpPlanBuilds();
  await planning.track();
  await planning.planBuilds(pushOf());
  const [first] = await planning.allBuilds();
  const count = async () => (await planning.allBuilds()).length;
  return Object.assign(planning, { first: first?.id ?? '', count });
}

it('a build is run again for somebody who may write to its repository, once for each press', async () => {
  await using planning = await setUp();
  planning.github.writers.add('maintainer');
  await planning.planBuilds(rerun({ build: planning.first }));
  await planning.planBuilds(rerun({ build: planning.first }));
  expect(await planning.count()).toBe(2);
  const again = (await planning.allBuilds()).find(({ id }) => id !== planning.first);
  expect(again).toMatchObject({ cause: { type: 'manual', requester: 'maintainer' }, ref: 'refs/heads/main' });
});

it.each([
  ['who may not write there', 'stranger', undefined, /stranger may not write to git.example\/demo\/app/],
  [
    'by an event of another repository',
    'maintainer',
    'git.example/demo/other',
    /is not a build of git.example\/demo\/other/,
  ],
])('it is not run again for somebody %s', async (_, requester, source, outcome) => {
  await using planning = await setUp();
  planning.github.writers.add('maintainer');
  const trigger = rerun({ build: planning.first }, requester, source);
  await planning.planBuilds(trigger);
  expect(await planning.count()).toBe(1);
  expect((await planning.deliveries.get(trigger.id))?.outcome).toMatch(outcome);
});

it('it is not run again for the people of a repository that the entry has left', async () => {
  await using planning = await setUp();
  planning.github.writers.add('maintainer');
  await planning.track({ gitUrl: 'https://git.example/demo/moved.git', source: 'git.example/demo/moved' });
  const trigger = rerun({ build: planning.first });
  await planning.planBuilds(trigger);
  expect(await planning.count()).toBe(1);
  expect((await planning.deliveries.get(trigger.id))?.outcome).toMatch(
    /demo\/app:latest is not built from git.example\/demo\/app any more/,
  );
});

it('all builds of a commit are run again, each image once, and a pull request as if it was approved', async () => {
  await using planning = await setUp();
  planning.github.writers.add('maintainer');
  const shown = { isOpen: true, commit, baseRef: 'main', isFork: true, author: 'someone' };
  planning.github.pullRequests.set(7, shown);
  await planning.track({ name: 'demo/app-docs:latest', pullRequests: true });
  await planning.planBuilds(pushOf({ id: 'delivery-2' }));
  await planning.planBuilds({
    type: 'approval' as const,
    id: 'approval',
    source: 'git.example/demo/app',
    number: 7,
    commit,
    approver: 'maintainer',
  });
  const before = new Set((await planning.allBuilds()).map(({ id }) => id));
  await planning.planBuilds(rerun({ commit }));
  const again = (await planning.allBuilds()).filter(({ id }) => !before.has(id));
  expect(again.map(({ project, cause }) => `${project} ${cause.type}`).toSorted()).toEqual([
    'demo/app-docs:latest manual',
    'demo/app-docs:latest pull-request',
    'demo/app:latest manual',
  ]);
});

it('a commit that has no build here has none to run again', async () => {
  await using planning = await setUp();
  planning.github.writers.add('maintainer');
  const trigger = rerun({ commit: 'f'.repeat(40) });
  await planning.planBuilds(trigger);
  expect((await planning.deliveries.get(trigger.id))?.outcome).toBe(
    `ignored: ${'f'.repeat(40)} has no build of git.example/demo/app`,
  );
});
