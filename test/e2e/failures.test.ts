import { readFile } from 'node:fs/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordKeys } from '../../core/model/builder-contract.ts';
import { exampleRecords } from '../../local/demo/sources.ts';
import { configured, protectedJob } from './machine.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;
let protectedCommit: string;

beforeAll(async () => {
  slipway = await startSlipway();
  const jobs = ['broken', 'baseless', 'vulnerable', 'unreadable', protectedJob];
  await slipway.track(...jobs.map((job, at) => slipway.entry(job, { id: String(at + 1) })));
  // Its release is tried several times: meanwhile the others are built.
  protectedCommit = await slipway.pushSource(protectedJob, { Dockerfile: smallDebian });
});
afterAll(() => slipway?.stop());

async function buildOf(job: string, dockerfile: string) {
  const build = await slipway.ended(job, await slipway.pushSource(job, { Dockerfile: dockerfile }));
  const [mail] = await slipway.mails(job, 1);
  return {
    build,
    subject: mail?.subject ?? '',
    text: await slipway.client.mailText(mail?.id ?? ''),
    log: await slipway.log(build),
  };
}

describe('a build that fails', () => {
  it('because an instruction fails says which, in the mail and on the page, and shows its last lines in the log', async () => {
    const { build, subject, text, log } = await buildOf(
      'broken',
      `${smallDebian}RUN echo the reason is here; exit 7\n`,
    );
    expect(build).toMatchObject({ status: 'failed', image: null, failure: { error: 'DockerfileFailedError' } });
    expect(subject).toMatch(/FAILED/);
    expect(text).toContain('exit 7');
    expect(log).toContain('the reason is here');
    expect(await slipway.client.page(`/builds/${build.id}`)).toContain('exit 7');
    expect(await slipway.client.digestOf('demo/broken', 'latest')).toBeUndefined();
  });

  it('had the time that the configuration gives it', async () => {
    const [build] = await slipway.builds('broken');
    const { endpoint, region, credentials, outputs } = slipway.machine;
    const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const Key = recordKeys.request(build?.id ?? '');
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: outputs.RecordsBucketName, Key }));
    const request: unknown = JSON.parse((await Body?.transformToString()) ?? '');
    expect(request).toMatchObject({ timeoutSeconds: Number(configured.BUILD_TIMEOUT_SECONDS) });
  });

  it('because its base does not exist names the base', async () => {
    const { build, text } = await buildOf('baseless', 'FROM demo/nowhere:latest\n');
    expect(build.status).toBe('failed');
    expect(build.failure?.error).toMatch(/^Base(NotFound|Unavailable)Error$/);
    expect(text).toContain('demo/nowhere:latest');
  });
});

describe('a build that the gate blocks', () => {
  it('says the finding, the package and the way out, and releases nothing', async () => {
    const record = JSON.parse(await readFile(`${exampleRecords}/SLIPWAY-EXAMPLE-2026-1.json`, 'utf8')) as {
      id: string;
      affected: { package: { name: string }; versions?: string[] }[];
    };
    const [affected] = record.affected;
    const version = affected?.versions?.[0] ?? '1.0';
    const { build, subject, text } = await buildOf(
      'vulnerable',
      `${smallDebian}RUN printf '\\nPackage: ${affected?.package.name}\\nStatus: install ok installed\\nMaintainer: Nobody <nobody@example.org>\\nArchitecture: all\\nVersion: ${version}\\nDescription: an example\\n' >> /var/lib/dpkg/status\n`,
    );
    expect(build).toMatchObject({
      status: 'blocked',
      image: null,
      verdict: { outcome: 'block', counts: { CRITICAL: 1 } },
    });
    expect(build.verdict?.reasons[0]).toContain(record.id);
    expect(build.verdict?.reasons[0]).toContain(affected?.package.name);
    expect(subject).toMatch(/BLOCKED/);
    expect(text).toContain(record.id);
    expect(await slipway.client.digestOf('demo/vulnerable', 'latest')).toBeUndefined();
  });

  it('because nothing can scan it says so', async () => {
    const { build } = await buildOf('unreadable', 'FROM scratch\nCOPY Dockerfile /\n');
    expect(build).toMatchObject({ status: 'blocked', verdict: { outcome: 'block' } });
    expect(build.verdict?.reasons[0]).toMatch(/cannot read this image/);
  });
});

describe('an index with a defect', () => {
  it('keeps its other projects and notifies the operators where the defect is', async () => {
    const index = await slipway.workingCopy(slipway.machine.indexRepository);
    await index.write({ 'index.d/broken.yml': 'Projects:\n  - id: 1\n    app-id: other\n' });
    await index.push('Break a file');
    await slipway.until('the mail to the operators about the file', async () => {
      const mails = (await slipway.client.messages()).filter(({ to }) =>
        to.includes('operators@localhost.localdomain'),
      );
      const texts = await Promise.all(mails.map(({ id }) => slipway.client.mailText(id)));
      return texts.find((text) => text.includes('index.d/broken.yml'));
    });
    expect(await slipway.tracked()).toContain('demo/broken:latest');
  });
});

it('a build whose release a policy of the template denies to write images fails, and says what was denied', async () => {
  const build = await slipway.ended(protectedJob, protectedCommit);
  expect(build.status).toBe('failed');
  expect(`${build.failure?.message}\n${await slipway.log(build)}`).toMatch(/not authorized to perform: ecr:PutImage/);
});
