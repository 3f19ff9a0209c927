import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../core/model/errors.ts';
import { MailRejectedError } from '../../services/mail/mailer.ts';
import { atEveryCrashPoint, createCrashPoints } from './crash-points.ts';
import { day, digestOf, finding, hour, inspectorFinding, repository, scanned, setUpRescans } from './rescan-setup.ts';

const one = digestOf('1');
const two = digestOf('2');

describe('a released image', () => {
  it('is rescanned once a week, without a mail while nothing changes', async () => {
    await using world = await setUpRescans();
    await world.track();
    const same = scanned([finding('CVE-2026-1', { severity: 'LOW' })]);
    await world.release(one, same);
    expect((await world.image(one))?.state).toBe('waiting');
    await world.week();
    const first = await world.image(one);
    expect(first).toMatchObject({ state: 'complete', counts: { LOW: 1 }, appeared: 0, outcome: 'pass' });
    await world.week();
    const second = await world.image(one);
    expect(Date.parse(second?.checkedAt ?? '') - Date.parse(first?.checkedAt ?? '')).toBeLessThan(7 * day + 7 * hour);
    expect(world.mails).toEqual([]);
  });

  it('with a new finding is notified once, with what the policy says, what to do, and that nothing was un-released', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([finding('CVE-2026-1', { severity: 'LOW' })]));
    world.find(
      one,
      scanned([
        finding('CVE-2026-1', { severity: 'LOW' }),
        finding('CVE-2026-2', { severity: 'CRITICAL', fixed: '3.0.2' }),
      ]),
    );
    const tags = structuredClone(world.images.get(one)?.tags);
    await world.week();
    await world.week();
    expect(world.mails).toHaveLength(1);
    const [sent] = world.mails;
    expect(sent?.to).toEqual(['owner@example.org']);
    expect(sent?.mail.subject).toBe('[slipway] FINDINGS: demo/app:latest (1 new: 1 critical)');
    const text = sent?.mail.text.replaceAll(/\s+/g, ' ') ?? '';
    expect(text).toContain('New: CVE-2026-2 (CRITICAL) in openssl 3.0.1, fixed in 3.0.2');
    expect(text).toContain('Nothing was un-released');
    expect(text).toContain('The policy would block it today.');
    expect(text).toContain('slipway build demo/app:latest');
    expect(text).not.toContain('CVE-2026-1 ');
    expect(world.images.get(one)?.tags).toEqual(tags);
    expect(await world.image(one)).toMatchObject({
      counts: { LOW: 1, CRITICAL: 1 },
      appeared: 1,
      outcome: 'block',
      notifiedAt: expect.any(String),
    });
  });

  it('is notified when a fixed version appears, a severity changes or a finding goes', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([finding('CVE-1'), finding('CVE-2'), finding('CVE-3')]));
    world.find(one, scanned([finding('CVE-1', { fixed: '4' }), finding('CVE-2', { severity: 'LOW' })]));
    await world.week();
    const text = world.mails[0]?.mail.text.replaceAll(/\s+/g, ' ') ?? '';
    expect(text).toContain('Changed: CVE-1 (HIGH) in openssl 3.0.1, fixed in 4 now');
    expect(text).toContain('Changed: CVE-2 (LOW) in openssl 3.0.1, was HIGH');
    expect(text).toContain('No longer found: CVE-3 (HIGH) in openssl 3.0.1');
    expect(world.mails).toHaveLength(1);
  });

  it('that no moving tag names any more is rescanned and shown, and no mail is about it', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([]));
    await world.release(two, scanned([]));
    expect((await world.image(one))?.floating).toEqual([]);
    world.find(one, scanned([finding('CVE-1')]));
    await world.week();
    expect(await world.image(one)).toMatchObject({ counts: { HIGH: 1 }, appeared: 1 });
    expect(world.mails).toEqual([]);
  });

  it('whose tag was moved by hand since its last rescan is judged by what the registry says', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([]));
    const image = world.images.get(one);
    if (image) image.tags = image.tags.filter((tag) => tag !== 'latest');
    world.find(one, scanned([finding('CVE-1')]));
    await world.week();
    expect(world.mails).toEqual([]);
  });

  it('that is released again keeps what is known of it and when it is rescanned', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([]));
    world.find(one, scanned([finding('CVE-1')]));
    await world.week();
    const before = await world.image(one);
    await world.release(one, scanned([finding('CVE-1')]));
    expect(await world.image(one)).toMatchObject({ dueAt: before?.dueAt, appeared: 1, state: 'complete' });
    world.find(one, scanned([finding('CVE-1')]));
    await world.week();
    expect(world.mails).toHaveLength(1);
  });

  it('of which nothing was kept at its release has its first rescan as what is known', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, undefined);
    world.find(one, scanned([finding('CVE-1')]));
    await world.week();
    expect(await world.image(one)).toMatchObject({ counts: { HIGH: 1 }, appeared: 0 });
    expect(world.mails).toEqual([]);
  });
});

describe('several images of a project with changes', () => {
  it('are one mail', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([]), { tags: ['1.0'] });
    await world.release(two, scanned([]), { tags: ['latest'] });
    for (const digest of [one, two]) {
      world.find(digest, scanned([finding('CVE-1')]));
      await world.event(inspectorFinding(digest));
    }
    await world.run();
    await world.run();
    expect(world.mails).toHaveLength(1);
    expect(world.mails[0]?.mail.subject).toContain('2 new');
    expect(world.mails[0]?.mail.text).toContain('[1.0]');
    expect(world.mails[0]?.mail.text).toContain('[latest]');
  });
});

describe('an image that two projects of one repository have released', () => {
  it('is notified to the people of both, each about the tags of their own', async () => {
    await using world = await setUpRescans();
    for (const [at, tag] of ['1', '2'].entries())
      await world.track({
        name: `demo/app:${tag}`,
        desiredTag: tag,
        sharesRepository: true,
        notifyEmail: [`owner${at + 1}@example.org`],
      });
    await world.release(one, scanned([]), { project: 'demo/app:1', tags: ['1'] });
    await world.release(one, scanned([]), { project: 'demo/app:2', tags: ['2'] });
    world.images.set(one, { tags: ['1', '2'], reading: scanned([finding('CVE-1')]) });
    await world.event(inspectorFinding(one));
    await world.run();
    await world.run();
    expect(world.mails.map(({ to, mail }) => [to, /^The image:\n {2}- (.*?):/m.exec(mail.text)?.[1]]).sort()).toEqual([
      [['owner1@example.org'], '1'],
      [['owner2@example.org'], '2'],
    ]);
  });
});

describe('who does not want these mails', () => {
  it.each([
    ['an entry whose notify does not list findings', { notify: ['failed' as const] }, 0],
    ['an entry whose notify lists findings', { notify: ['findings' as const] }, 1],
    ['an entry that has left the index', { active: false }, 0],
  ])('%s gets %o: %i', async (_what, project, count) => {
    await using world = await setUpRescans();
    await world.track(project);
    await world.release(one, scanned([]));
    world.find(one, scanned([finding('CVE-1')]));
    await world.week();
    expect(world.mails).toHaveLength(count);
    expect(await world.image(one)).toMatchObject({ counts: { HIGH: 1 } });
  });
});

describe('an event of a scanner', () => {
  it('of hundreds of findings are one rescan and one mail, minutes later', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([]));
    world.find(one, scanned([finding('CVE-1')]));
    for (let at = 0; at < 300; at += 1) await world.event(inspectorFinding(one));
    expect(await world.run()).toMatchObject({ rescanned: 1, mails: 1 });
    expect(await world.run()).toMatchObject({ rescanned: 0, mails: 0 });
    expect(world.mails).toHaveLength(1);
  });

  it('that came during a rescan has the image rescanned once more', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([]));
    await world.event(inspectorFinding(one));
    const { read } = world.scanner;
    world.scanner.read = async (image) => {
      const before = await read(image);
      world.find(one, scanned([finding('CVE-1')]));
      await world.event(inspectorFinding(one));
      world.scanner.read = read;
      return before;
    };
    expect(await world.run()).toMatchObject({ rescanned: 1, mails: 0 });
    expect(await world.run()).toMatchObject({ rescanned: 1, mails: 1 });
  });

  it("about a platform's image is one about each release whose index has it", async () => {
    await using world = await setUpRescans();
    for (const tag of ['1', '2']) {
      const project = `demo/app:${tag}`;
      await world.track({ name: project, desiredTag: tag, sharesRepository: true });
      const platforms = [
        { platform: 'linux/arm64' as const, digest: digestOf('c') },
        { platform: 'linux/amd64' as const, digest: digestOf(tag === '1' ? 'd' : 'e') },
      ];
      for (let time = 0; time < 2; time++)
        await world.release(tag === '1' ? one : two, scanned([]), { project, tags: [tag], platforms });
    }
    expect(await world.event(inspectorFinding(digestOf('d')))).toBe(1);
    expect(await world.run()).toMatchObject({ rescanned: 1 });
    expect(await world.event(inspectorFinding(digestOf('c'), 'slipway/candidate/demo/app'))).toBe(0);
    expect(await world.event(inspectorFinding(digestOf('c')))).toBe(2);
    expect(await world.run()).toMatchObject({ rescanned: 2 });
  });

  it('about an image of another repository, or of no release, is none', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([]));
    expect(await world.event(inspectorFinding(one, 'slipway/candidate/demo/app'))).toBe(0);
    expect(await world.event(inspectorFinding(two))).toBe(0);
    expect(await world.event({ 'detail-type': 'Inspector2 Finding', detail: 'nonsense' })).toBe(0);
    expect(await world.event(undefined)).toBe(0);
  });

  it.each([
    ['ECR Image Scan', repository],
    ['Inspector2 Scan', `arn:aws:ecr:us-east-1:123456789012:repository/${repository}`],
  ])('%s is known by its repository and digest', async (detailType, name) => {
    await using world = await setUpRescans();
    await world.release(one, scanned([]));
    const detail = { 'scan-status': 'FAILED', 'repository-name': name, 'image-digest': one };
    expect(await world.event({ 'detail-type': detailType, detail })).toBe(1);
  });
});

describe('basic scanning', () => {
  const basic = (findings: ReturnType<typeof finding>[], at: Date) =>
    scanned(findings, { scanner: 'basic', completedAt: at.toISOString() });

  it('is requested once a day at most, and its result is notified when it has ended', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, basic([], world.now()));
    world.pass(2 * day);
    await world.event(inspectorFinding(one));
    expect(await world.run()).toMatchObject({ waiting: 1 });
    expect(world.started).toEqual([one]);
    expect(await world.image(one)).toMatchObject({ reason: 'The registry is scanning the image.' });
    world.find(one, basic([finding('CVE-1')], world.now()));
    await world.event({
      'detail-type': 'ECR Image Scan',
      detail: { 'scan-status': 'COMPLETE', 'repository-name': repository, 'image-digest': one },
    });
    expect(await world.run()).toMatchObject({ rescanned: 1, mails: 1 });
    expect(await world.image(one)).not.toHaveProperty('reason');
    expect(await world.run('demo/app:latest')).toMatchObject({ rescanned: 1, mails: 0 });
    expect(world.started).toEqual([one]);
  });

  it('that is refused for today is requested later, and after a day what is there counts', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, basic([], world.now()));
    world.scanner.start = async () => 'refused';
    world.pass(2 * day);
    expect(await world.run('demo/app:latest')).toMatchObject({ waiting: 1, rescanned: 0 });
    world.pass(7 * hour);
    expect(await world.run()).toMatchObject({ waiting: 1 });
    world.pass(day);
    expect(await world.run()).toMatchObject({ rescanned: 1 });
    expect(world.mails).toEqual([]);
  });

  it('that never ends is a failed scan after a day, notified once', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, basic([], world.now()));
    await world.week();
    expect(await world.image(one)).toMatchObject({ state: 'failed', reason: expect.stringContaining('did not end') });
    await world.week();
    expect(world.mails).toHaveLength(1);
    expect(world.mails[0]?.mail.text).toContain('could not be scanned');
  });
});

describe('an image that cannot be scanned any more', () => {
  it.each([
    ['gone', { state: 'gone' as const, reason: 'It is not in the registry any more.' }],
    ['unsupported', { state: 'unsupported' as const, reason: 'UnsupportedImageError', findings: [] }],
    [
      'failed',
      { state: 'failed' as const, reason: 'FINDINGS_UNAVAILABLE', findings: [], status: 'FINDINGS_UNAVAILABLE' },
    ],
  ])('because it is %s is shown as such and notified once', async (state, reading) => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([finding('CVE-1')]));
    if (state === 'gone') world.images.delete(one);
    else world.find(one, reading);
    world.scanner.start = async () => 'refused';
    await world.week();
    await world.week();
    expect(await world.image(one)).toMatchObject({ state, counts: { HIGH: 1 } });
    expect(world.mails).toHaveLength(1);
    expect((await world.image(one))?.dueAt === undefined).toBe(state === 'gone');
  });

  it('and is not missed, because its tags name others, is not worth a mail', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([]));
    await world.release(two, scanned([]));
    world.images.delete(one);
    await world.week();
    expect((await world.image(one))?.state).toBe('gone');
    expect(world.mails).toEqual([]);
  });

  it('is no reason to leave out the others', async () => {
    await using world = await setUpRescans();
    await world.track();
    await world.release(one, scanned([]), { tags: ['1'] });
    await world.release(two, scanned([]), { tags: ['2'] });
    const { read } = world.scanner;
    world.scanner.read = async (image) => {
      if (image.digest === one) throw new Error('AccessDenied');
      return read(image);
    };
    world.find(two, scanned([finding('CVE-1')]));
    await expect(world.run('demo/app:latest')).rejects.toThrow('AccessDenied');
    expect(world.mails).toHaveLength(1);
  });
});

it('a record of the release that cannot be read keeps no image from being rescanned', async () => {
  await using world = await setUpRescans();
  await world.track();
  await world.release(one, scanned([]));
  world.records.scan = async () => {
    throw new InvalidInputError('It cannot be read.');
  };
  await world.week();
  expect(await world.image(one)).toMatchObject({ state: 'complete' });
});

it('a mail that SES cannot take now is sent by a later run; one that it never takes stops nothing', async () => {
  await using world = await setUpRescans();
  await world.track();
  await world.release(one, scanned([]));
  world.find(one, scanned([finding('CVE-1')]));
  await world.event(inspectorFinding(one));
  const { send } = world.mailer;
  world.mailer.send = async () => {
    throw new Error('Throttling');
  };
  await expect(world.run()).rejects.toThrow('Throttling');
  world.mailer.send = send;
  expect(await world.run()).toMatchObject({ mails: 1 });
  world.find(one, scanned([]));
  await world.event(inspectorFinding(one));
  world.mailer.send = async () => {
    throw new MailRejectedError('Nobody');
  };
  expect(await world.run()).toMatchObject({ changed: 1, mails: 0 });
  expect(await world.image(one)).not.toHaveProperty('toNotify');
});

describe('a run that crashes', () => {
  it('at any call is made good by the next: all is known, and people are notified once, or again where it crashed during the mail', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await setUpRescans(crashes);
      await world.track();
      await world.release(one, scanned([]), { tags: ['1'] });
      await world.release(two, scanned([]), { tags: ['2'] });
      for (const digest of [one, two]) {
        world.find(digest, scanned([finding('CVE-1')]));
        await world.event(inspectorFinding(digest));
      }
      return {
        run: () => world.run(),
        async check() {
          await using _ = world;
          for (const digest of [one, two]) {
            expect(await world.image(digest)).toMatchObject({ state: 'complete', appeared: 1 });
            expect(await world.image(digest)).not.toHaveProperty('toNotify');
          }
          expect(world.mails.length).toBeGreaterThanOrEqual(1);
          expect(world.mails.length).toBeLessThanOrEqual(2);
          const mailed = world.mails.map(({ mail }) => mail.text).join('\n');
          for (const tag of ['1', '2']) expect(mailed).toMatch(new RegExp(`\\[${tag}\\]|Image +${tag}\\n`));
          const mails = world.mails.length;
          await world.run('demo/app:latest');
          expect(world.mails).toHaveLength(mails);
        },
      };
    });
  });

  it('keeps a second one away as long as it may live', async () => {
    await using world = await setUpRescans(createCrashPoints());
    await world.releases.beginRun('other', world.now(), new Date(world.now().getTime() + hour));
    expect(await world.run()).toMatchObject({ busy: true });
    world.pass(hour);
    expect(await world.run()).not.toHaveProperty('busy');
  });
});
