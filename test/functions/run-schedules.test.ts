import { describe, expect, it } from 'vitest';
import type { Trigger } from '../../core/model/trigger.ts';
import { createRunSchedules } from '../../functions/run-schedules.ts';
import { sampleProject } from '../core/sample-project.ts';
import { setUpPlanBuilds } from './plan-builds-setup.ts';
import { silentLogger } from './services-setup.ts';

const at = (time: string) => new Date(`2026-11-${time}:00Z`);

/** A nightly project since the evening of the 20th, and the clock. */
async function startClock() {
  const planning = await setUpPlanBuilds();
  const nightly = sampleProject(undefined, { schedule: 'cron(0 2 * * ? *)' });
  await planning.projects.put(nightly, undefined, at('20T20:00'));
  const queue: Trigger[] = [];
  const services = {
    projects: planning.projects,
    triggers: { sendBatch: async (triggers: readonly Trigger[]) => void queue.push(...triggers) },
    logger: silentLogger,
  };
  return Object.assign(planning, {
    nightly,
    services,
    queue,
    run: createRunSchedules(services),
    async planAll() {
      for (const trigger of queue.splice(0)) await planning.planBuilds(trigger);
    },
  });
}

describe('a schedule', () => {
  it('has its project rebuilt without cache at its hour, once a day', async () => {
    await using clock = await startClock();
    for (const time of ['21T01:55', '21T02:00', '21T02:05', '21T02:10']) await clock.run(at(time));
    await clock.planAll();
    expect(await clock.allBuilds()).toMatchObject([
      { cause: { type: 'schedule', schedule: 'cron(0 2 * * ? *)' }, ref: 'refs/heads/main', noCache: true },
    ]);
    expect(clock.requests).toMatchObject([{ noCache: true }]);
    await clock.run(at('22T02:00'));
    await clock.planAll();
    expect(await clock.allBuilds()).toHaveLength(2);
  });

  it('that was missed for days is made good by one build', async () => {
    await using clock = await startClock();
    expect(await clock.run(at('28T12:00'))).toBe(1);
    expect(await clock.run(at('28T12:05'))).toBe(0);
    expect(await clock.run(at('29T02:00'))).toBe(1);
  });

  it('is built once although the run crashed before it was recorded', async () => {
    await using clock = await startClock();
    const dying = createRunSchedules({
      ...clock.services,
      projects: {
        due: clock.projects.due,
        setDue: async () => {
          throw new Error('killed');
        },
      },
    });
    await expect(dying(at('21T02:00'))).rejects.toThrow('killed');
    await clock.run(at('21T02:05'));
    expect(clock.queue).toHaveLength(2);
    await clock.planAll();
    expect(await clock.allBuilds()).toHaveLength(1);
  });

  it('that left the index in the meantime builds nothing', async () => {
    await using clock = await startClock();
    await clock.run(at('21T02:00'));
    await clock.projects.put({ ...clock.nightly, schedule: 'rate(1 day)' });
    await clock.planAll();
    expect(await clock.allBuilds()).toEqual([]);
  });
});
