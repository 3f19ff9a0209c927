import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECRClient, PutRegistryScanningConfigurationCommand } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ShownBuild } from '../../local/demo/slipway-client.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;
let osvFolder: string;

beforeAll(async () => {
  osvFolder = await mkdtemp(join(tmpdir(), 'slipway-osv-'));
  slipway = await startSlipway({ osvFolder });
  await slipway.track(slipway.entry('app'));
});
afterAll(async () => {
  await slipway?.stop();
  await rm(osvFolder, { recursive: true, force: true });
});

/** A defect of the package that the images have becomes known. */
async function publish(id: string): Promise<void> {
  const affected = ['Debian', 'Ubuntu'].map((ecosystem) => ({
    package: { ecosystem, name: 'made-for-rescans' },
    ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.0.1' }] }],
    versions: ['1.0'],
  }));
  const record = {
    schema_version: '1.7.0',
    id,
    published: '2026-01-01T00:00:00Z',
    modified: '2026-01-01T00:00:00Z',
    summary: 'Not a real defect',
    affected,
    database_specific: { severity: 'CRITICAL' },
  };
  await writeFile(join(osvFolder, `${id}.json`), JSON.stringify(record));
}

async function released(): Promise<ShownBuild & { image: NonNullable<ShownBuild['image']> }> {
  const status = [
    'made-for-rescans',
    'install ok installed',
    'Nobody <nobody@example.org>',
    'all',
    '1.0',
    'an example',
  ];
  const keys = ['Package', 'Status', 'Maintainer', 'Architecture', 'Version', 'Description'];
  const lines = keys.map((key, at) => `${key}: ${status[at]}`).join('\\n');
  const build = await slipway.ended(
    'app',
    await slipway.pushSource('app', {
      Dockerfile: `${smallDebian}RUN printf '\\n${lines}\\n' >> /var/lib/dpkg/status\n`,
    }),
  );
  expect(build).toMatchObject({ status: 'released', failure: null });
  if (!build.image) throw new Error('It has no image.');
  return { ...build, image: build.image };
}

const reportSchema = z.object({ rescanned: z.number(), waiting: z.number(), changed: z.number(), mails: z.number() });

/** Runs the function as an operator does who wants to know now what is found in a project's releases. */
async function rescan(request: object = { project: 'demo/app:latest' }): Promise<z.infer<typeof reportSchema>> {
  return slipway.until('a run of its own', async () => {
    const report = await slipway.invoke('RescanReleases', request);
    return z.object({ busy: z.boolean().optional() }).parse(report).busy ? undefined : reportSchema.parse(report);
  });
}

const findingsMails = async () =>
  (await slipway.client.messages()).filter(
    ({ to, subject }) => to.includes('app@example.org') && subject.includes('FINDINGS'),
  );

const releaseSchema = z.object({
  digest: z.string(),
  state: z.string(),
  currentTags: z.array(z.string()),
  counts: z.record(z.string(), z.number()).nullable(),
  newSinceRelease: z.number().nullable(),
  policyToday: z.string().nullable(),
  nextCheckAt: z.string(),
});

async function shown() {
  const answer = await fetch(`${slipway.machine.url}/api/v1/projects/demo/app/latest/releases`);
  return z.object({ items: z.array(releaseSchema) }).parse(await answer.json()).items;
}

const digestOf = (tag: string) => slipway.client.digestOf('demo/app', tag);

describe('a defect that becomes known after the release', () => {
  it('is found by the next rescan, notified once, and takes no tag away', async () => {
    const { image } = await released();
    expect(await shown()).toMatchObject([{ digest: image.digest, state: 'waiting', currentTags: ['latest', 'main'] }]);
    await publish('SLIPWAY-RESCAN-2026-1');
    // The release repository's image was not scanned yet: basic scanning is asked for it.
    expect(await rescan()).toMatchObject({ waiting: 1 });
    await slipway.until('the mail after the end of the scan', async () => {
      await rescan();
      return (await findingsMails()).length > 0 || undefined;
    });

    const [mail, ...more] = await findingsMails();
    expect(more).toEqual([]);
    expect(mail?.subject).toBe('[slipway] FINDINGS: demo/app:latest (1 new: 1 critical)');
    const text = (await slipway.client.mailText(mail?.id ?? '')).replaceAll(/\s+/g, ' ');
    expect(text).toContain('New: SLIPWAY-RESCAN-2026-1 (CRITICAL) in made-for-rescans 1.0, fixed in 1.0.1');
    expect(text).toContain('Nothing was un-released');
    expect(text).toContain('The policy would block it today');
    for (const tag of image.tags) expect([tag, await digestOf(tag)]).toEqual([tag, image.digest]);
    // The site may show for a moment what it has read before.
    await expect
      .poll(shown)
      .toMatchObject([{ state: 'complete', counts: { CRITICAL: 1 }, newSinceRelease: 1, policyToday: 'block' }]);
    expect(await slipway.client.page('/projects/demo/app/latest')).toContain('would block');
  });

  it('changes nothing a second time', async () => {
    expect(await rescan()).toMatchObject({ rescanned: 1, changed: 0, mails: 0 });
    // As the schedule runs it: the image is due next week.
    expect(await rescan({})).toMatchObject({ mails: 0 });
    expect(await findingsMails()).toHaveLength(1);
  });
});

describe('with enhanced scanning', () => {
  it('what basic scanning had found is not a change', async () => {
    const { endpoint, region, credentials } = slipway.machine;
    const ecr = new ECRClient({ endpoint, region, credentials });
    const repositoryFilters = [{ filter: '*', filterType: 'WILDCARD' as const }];
    await ecr.send(
      new PutRegistryScanningConfigurationCommand({
        scanType: 'ENHANCED',
        rules: [{ scanFrequency: 'CONTINUOUS_SCAN', repositoryFilters }],
      }),
    );
    await slipway.until("Inspector's first scan", async () => ((await rescan()).rescanned > 0 ? true : undefined));
    expect(await findingsMails()).toHaveLength(1);
  });

  it('an event of a new finding has the image rescanned within minutes, and people are notified once', async () => {
    // Inspector's first scan was an event, too: a look puts the next one off to its day.
    const nextCheck = async () => Date.parse((await shown())[0]?.nextCheckAt ?? '') - Date.now();
    await slipway.until('a look for next week', async () => {
      await rescan();
      return (await nextCheck()) > 3_600_000 ? true : undefined;
    });
    await publish('SLIPWAY-RESCAN-2026-2');
    await slipway.until('the look that an event has called for', async () =>
      (await nextCheck()) < 600_000 && (await rescan()).mails > 0 ? true : undefined,
    );
    expect(await rescan()).toMatchObject({ rescanned: 1, mails: 0 });
    const [subject] = (await findingsMails()).map((mail) => mail.subject);
    expect(subject).toBe('[slipway] FINDINGS: demo/app:latest (1 new: 1 critical)');
    expect(await findingsMails()).toHaveLength(2);
    await expect.poll(shown).toMatchObject([{ counts: { CRITICAL: 2 }, currentTags: ['latest', 'main'] }]);
    const [release] = await shown();
    for (const tag of ['latest', 'main']) expect(await digestOf(tag)).toBe(release?.digest);
  });
});

it('the rescan needs every permission that it has', async () => {
  const unneeded = (await slipway.usedStatements())
    .filter(({ holder, effect, needed }) => holder.includes('Rescans') && effect === 'Allow' && !needed)
    .map(({ statement }) => (statement as { Action: unknown }).Action);
  // The first asks an address that was not asked before; the last is the schedule's own.
  expect(unneeded).toEqual(['dynamodb:UpdateItem', 'lambda:InvokeFunction']);
});
