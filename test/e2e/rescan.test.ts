import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECRClient, PutRegistryScanningConfigurationCommand } from '@aws-sdk/client-ecr';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ShownBuild } from '../../local/demo/slipway-client.ts';
import { type Rig, startRig } from './rig.ts';
import { smallDebian } from './sources.ts';

let rig: Rig;
let osvFolder: string;

beforeAll(async () => {
  osvFolder = await mkdtemp(join(tmpdir(), 'slipway-osv-'));
  rig = await startRig({ osvFolder });
  await rig.track(rig.entry('basic'), rig.entry('inspected', { id: '2' }));
});
afterAll(async () => {
  await rig?.stop();
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

async function released(job: string): Promise<ShownBuild & { image: NonNullable<ShownBuild['image']> }> {
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
  const build = await rig.ended(
    job,
    await rig.pushSource(job, { Dockerfile: `${smallDebian}RUN printf '\\n${lines}\\n' >> /var/lib/dpkg/status\n` }),
  );
  expect(build).toMatchObject({ status: 'released', failure: null });
  if (!build.image) throw new Error('It has no image.');
  return { ...build, image: build.image };
}

const reportSchema = z.object({ looked: z.number(), waiting: z.number(), news: z.number(), mails: z.number() });

/** Runs the function as an operator does who wants to know now what is found in a project's releases. */
async function rescan(job: string): Promise<z.infer<typeof reportSchema>> {
  const { url, credentials, outputs } = rig.machine;
  const owner = new AwsClient({ ...credentials, service: 'lambda', region: 'us-east-1' });
  return rig.until('a round of its own', async () => {
    const answer = await owner.fetch(
      `${url}/aws/2015-03-31/functions/${outputs.RescanReleasesFunctionName}/invocations`,
      { method: 'POST', body: JSON.stringify({ project: `demo/${job}:latest` }) },
    );
    const text = await answer.text();
    expect([answer.status, answer.headers.get('x-amz-function-error'), text]).toEqual([200, null, text]);
    const report: unknown = JSON.parse(text);
    return z.object({ busy: z.boolean().optional() }).parse(report).busy ? undefined : reportSchema.parse(report);
  });
}

const findingsMails = async (job: string) =>
  (await rig.client.messages()).filter(
    ({ to, subject }) => to.includes(`${job}@example.org`) && subject.includes('FINDINGS'),
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

async function shown(job: string) {
  const answer = await fetch(`${rig.machine.url}/api/v1/projects/demo/${job}/latest/releases`);
  return z.object({ items: z.array(releaseSchema) }).parse(await answer.json()).items;
}

const digestOf = (job: string, tag: string) => rig.client.digestOf(`demo/${job}`, tag);

describe('a defect that becomes known after the release', () => {
  it('is found by the next look, told once, and takes no tag away', async () => {
    const { image } = await released('basic');
    expect(await shown('basic')).toMatchObject([
      { digest: image.digest, state: 'waiting', currentTags: ['latest', 'main'] },
    ]);
    await publish('SLIPWAY-RESCAN-2026-1');
    // The release repository's image was not scanned yet: basic scanning is asked for it.
    expect(await rescan('basic')).toMatchObject({ waiting: 1 });
    await rig.until('the end of the scan', async () => ((await rescan('basic')).mails > 0 ? true : undefined));

    const [mail, ...more] = await findingsMails('basic');
    expect(more).toEqual([]);
    expect(mail?.subject).toBe('[slipway] FINDINGS: demo/basic:latest (1 new: 1 critical)');
    const text = (await rig.client.mailText(mail?.id ?? '')).replaceAll(/\s+/g, ' ');
    expect(text).toContain('New: SLIPWAY-RESCAN-2026-1 (CRITICAL) in made-for-rescans 1.0, fixed in 1.0.1');
    expect(text).toContain('Nothing was un-released');
    expect(text).toContain('The policy would not let it be released today');
    for (const tag of image.tags) expect([tag, await digestOf('basic', tag)]).toEqual([tag, image.digest]);
    expect(await shown('basic')).toMatchObject([
      { state: 'complete', counts: { CRITICAL: 1 }, newSinceRelease: 1, policyToday: 'block' },
    ]);
    expect(await rig.client.page('/projects/demo/basic/latest')).toContain('would block');
  });

  it('is no news a second time', async () => {
    expect(await rescan('basic')).toMatchObject({ looked: 1, news: 0, mails: 0 });
    expect(await findingsMails('basic')).toHaveLength(1);
  });
});

describe('with enhanced scanning', () => {
  it("an event of Inspector's has the image looked at within minutes, and people are told once", async () => {
    const { url, credentials, account } = rig.machine;
    const ecr = new ECRClient({ endpoint: `${url}/aws`, region: account.region, credentials });
    const repositoryFilters = [{ filter: '*', filterType: 'WILDCARD' as const }];
    await ecr.send(
      new PutRegistryScanningConfigurationCommand({
        scanType: 'ENHANCED',
        rules: [{ scanFrequency: 'CONTINUOUS_SCAN', repositoryFilters }],
      }),
    );
    await rm(join(osvFolder, 'SLIPWAY-RESCAN-2026-1.json'));
    const { image } = await released('inspected');
    await rig.until('the first look', async () => ((await rescan('inspected')).looked > 0 ? true : undefined));
    const [before] = await shown('inspected');
    expect(before).toMatchObject({ state: 'complete', counts: {} });

    await publish('SLIPWAY-RESCAN-2026-2');
    await rig.until('the event to be noted', async () => {
      const [now] = await shown('inspected');
      return now && now.nextCheckAt < (before?.nextCheckAt ?? '') ? true : undefined;
    });
    expect(await rescan('inspected')).toMatchObject({ looked: 1, mails: 1 });
    expect(await rescan('inspected')).toMatchObject({ mails: 0 });
    const mails = await findingsMails('inspected');
    expect(mails.map(({ subject }) => subject)).toEqual([
      '[slipway] FINDINGS: demo/inspected:latest (1 new: 1 critical)',
    ]);
    for (const tag of image.tags) expect(await digestOf('inspected', tag)).toBe(image.digest);
  });
});

it('what looks again needs every permission that it has', () => {
  const unneeded = rig.machine.account.iam
    .usedStatements()
    .filter(({ holder, effect, needed }) => holder.includes('Rescans') && effect === 'Allow' && !needed)
    .map(({ statement }) => (statement as { Action: unknown }).Action);
  // That is the schedule's own, which the test does not wait for, and the query of what is due.
  expect(unneeded).toEqual(['lambda:InvokeFunction']);
});
