import { describe, expect, it } from 'vitest';
import { createWarnWaivers } from '../../functions/warn-waivers.ts';
import { MailRejectedError } from '../../services/mail/mailer.ts';
import { createWaiverWarnings } from '../../services/tables/waiver-warnings.ts';
import { sampleProject } from '../core/sample-project.ts';
import { atEveryCrashPoint, type CrashPoints, createCrashPoints } from './crash-points.ts';
import { setUpServices, silentLogger } from './services-setup.ts';

const at = (day: string) => new Date(`${day}T06:00:00Z`);
const exception = { id: 'CVE-2026-1', reason: 'not reachable', owner: 'shop team', expires: '2026-11-28' };
const statement = {
  ids: ['CVE-2026-2'],
  status: 'fixed' as const,
  author: 'Shop Security',
  expires: '2026-11-29',
  file: 'vex/one.json',
};

async function startWarning(crashes: CrashPoints = createCrashPoints()) {
  const world = await setUpServices();
  const warnings = createWaiverWarnings(world.client, 'projects');
  const mailer = { ...world.mailer };
  const services = {
    // A generator is no single call.
    warnings: { ...crashes.guard(warnings), due: warnings.due },
    mailer,
    recipients: world.recipients,
    siteUrl: 'https://slipway.example',
    indexUrl: 'https://git.example/ops/index',
    logger: silentLogger,
  };
  return Object.assign(world, { services, warnings, run: createWarnWaivers(services) });
}
const subjectsOf = (world: { mails: { mail: { subject: string } }[] }) => world.mails.map(({ mail }) => mail.subject);

describe('the people of a project', () => {
  it('hear a week before that an exception ends, and once more when it has ended, each once', async () => {
    await using world = await startWarning();
    await world.track({ exceptions: [exception] });
    for (const day of ['20', '21', '21', '22', '28', '29', '29', '30']) await world.run(at(`2026-11-${day}`));
    expect(subjectsOf(world)).toEqual([
      '[slipway] EXCEPTIONS: demo/app:latest (1 ends soon)',
      '[slipway] EXCEPTIONS: demo/app:latest (1 ended)',
    ]);
    expect(world.mails[0]?.to).toEqual(['owner@example.org']);
  });

  it('get one mail of all that is near', async () => {
    await using world = await startWarning();
    await world.track({ exceptions: [exception, { ...exception, id: 'DL3006' }], vex: [statement] });
    expect(await world.run(at('2026-11-22'))).toBe(1);
    expect(subjectsOf(world)).toEqual(['[slipway] EXCEPTIONS: demo/app:latest (3 end soon)']);
  });

  it('are notified although the runs of a whole week were left out', async () => {
    await using world = await startWarning();
    await world.track({ exceptions: [exception] });
    await world.run(at('2026-12-24'));
    await world.run(at('2026-12-25'));
    expect(subjectsOf(world)).toEqual(['[slipway] EXCEPTIONS: demo/app:latest (1 ended)']);
  });

  it('hear nothing of one that was renewed or taken away in time, and of the new day when it is near', async () => {
    await using world = await startWarning();
    await world.track({ exceptions: [exception] });
    await world.run(at('2026-11-21'));
    await world.track({ exceptions: [{ ...exception, expires: '2027-03-01' }] });
    await world.run(at('2026-11-29'));
    expect(world.mails).toHaveLength(1);
    await world.run(at('2027-02-22'));
    expect(subjectsOf(world).at(-1)).toContain('1 ends soon');
    await world.track({});
    await world.run(at('2027-03-02'));
    expect(world.mails).toHaveLength(2);
  });

  it('hear nothing twice because the entry was written again', async () => {
    await using world = await startWarning();
    for (const day of ['21', '22', '23']) {
      await world.track({ exceptions: [exception], dockerfile: `Dockerfile.${day}` });
      await world.run(at(`2026-11-${day}`));
    }
    expect(world.mails).toHaveLength(1);
  });

  it('are notified of another exception that came while they were notified of the first', async () => {
    await using world = await startWarning();
    await world.track({ exceptions: [exception] });
    const second = { ...exception, id: 'CVE-2026-3', expires: '2026-11-30' };
    const { send } = world.services.mailer;
    world.services.mailer.send = async (letter) => {
      const delivery = await send(letter);
      if (world.mails.length === 1) await world.track({ exceptions: [exception, second] });
      return delivery;
    };
    const run = createWarnWaivers(world.services);
    for (const day of ['21', '22', '23', '24']) await run(at(`2026-11-${day}`));
    expect(subjectsOf(world)).toHaveLength(2);
    expect(world.mails[1]?.mail.text).toContain('CVE-2026-3');
    expect(world.mails[1]?.mail.text).not.toContain('CVE-2026-1');
  });

  it.each([
    ['that has left the index', { active: false }],
    ['that wants no mail', { notify: [] }],
  ])('%s hear nothing', async (_, over) => {
    await using world = await startWarning();
    await world.track({ exceptions: [exception], ...over });
    await world.run(at('2026-11-21'));
    await world.run(at('2026-11-29'));
    expect(world.mails).toEqual([]);
  });
});

describe('a run', () => {
  it('reads only projects with something to notify', async () => {
    await using world = await startWarning();
    for (let at = 0; at < 20; at++) await world.projects.put(sampleProject(`demo/p${at}:latest`));
    await world.track({ exceptions: [exception] });
    const due = async (day: string) => {
      const names: string[] = [];
      for await (const page of world.warnings.due(day)) names.push(...page.map(({ name }) => name));
      return names;
    };
    expect(await due('2026-11-20')).toEqual([]);
    expect(await due('2026-11-21')).toEqual(['demo/app:latest']);
    await world.run(at('2026-12-01'));
    expect(await due('2099-01-01')).toEqual([]);
  });

  it('goes on where one project cannot be notified, and notifies it the next time', async () => {
    await using world = await startWarning();
    await world.track({ exceptions: [exception], notifyEmail: ['broken@example.org'] });
    await world.track({ name: 'demo/other:latest', jobId: 'other', exceptions: [exception] });
    const { send } = world.services.mailer;
    let isDown = true;
    world.services.mailer.send = async (letter) => {
      if (isDown && letter.to[0]?.address === 'broken@example.org') throw new Error('SES is down.');
      return send(letter);
    };
    const run = createWarnWaivers(world.services);
    await expect(run(at('2026-11-21'))).rejects.toThrow('SES is down.');
    expect(subjectsOf(world)).toEqual(['[slipway] EXCEPTIONS: demo/other:latest (1 ends soon)']);
    isDown = false;
    expect(await run(at('2026-11-21'))).toBe(1);
  });

  it('tries no address again that nobody takes mail for', async () => {
    await using world = await startWarning();
    await world.track({ exceptions: [exception] });
    let tries = 0;
    world.services.mailer.send = async () => {
      tries += 1;
      throw new MailRejectedError('SES took the mail for nobody.');
    };
    const run = createWarnWaivers(world.services);
    await run(at('2026-11-21'));
    await run(at('2026-11-22'));
    expect(tries).toBe(1);
  });

  it('beside another one notifies once', async () => {
    await using world = await startWarning();
    await world.track({ exceptions: [exception] });
    await Promise.all([world.run(at('2026-11-21')), world.run(at('2026-11-21'))]);
    expect(world.mails).toHaveLength(1);
  });

  it('that crashed anywhere is made good by the one of the next day', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await startWarning(crashes);
      await world.track({ exceptions: [exception] });
      let day = 20;
      return {
        async run() {
          day += 1;
          await world.run(at(`2026-11-${day}`));
        },
        async check() {
          await using _ = world;
          expect(world.mails.length).toBeGreaterThanOrEqual(1);
          expect(new Set(subjectsOf(world))).toEqual(new Set(['[slipway] EXCEPTIONS: demo/app:latest (1 ends soon)']));
        },
      };
    });
  });
});
