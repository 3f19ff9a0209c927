import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../local/command.ts';
import { signedStatements } from './signature.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;

beforeAll(async () => {
  // The last test is of what this file alone has used.
  slipway = await startSlipway({});
});
afterAll(() => slipway?.stop());

const dockerfile = `${smallDebian}COPY words /words\nRUN cat /words > /said\n`;

describe('a push to a tracked branch', () => {
  it('becomes a released image with its tags, a record, a page and a mail', async () => {
    await slipway.track(slipway.entry('hello'));
    const commit = await slipway.pushSource('hello', { Dockerfile: dockerfile, words: 'first' });
    const build = await slipway.ended('hello', commit);

    expect(build).toMatchObject({ status: 'released', verdict: { outcome: 'pass', reasons: [] } });
    const { image } = build;
    expect(image?.tags).toEqual(expect.arrayContaining(['latest', 'main', `sha-${commit}`]));
    expect(image?.tags.find((tag) => tag.startsWith('build-'))).toMatch(
      new RegExp(`^build-\\d{8}T\\d{6}Z-${commit.slice(0, 7)}$`),
    );
    for (const tag of image?.tags ?? []) expect(await slipway.client.digestOf('demo/hello', tag)).toBe(image?.digest);

    const [mail] = await slipway.mails('hello', 1);
    const stages = await slipway.until('the end of the last stage', async () => {
      const shown = (await slipway.builds('hello'))[0]?.stages ?? [];
      return shown.at(-1)?.name === 'tell' && shown.at(-1)?.endedAt ? shown : undefined;
    });
    expect(stages.map(({ name }) => name)).toEqual(['build', 'scan', 'judge', 'sign', 'release', 'tell']);
    expect(mail?.subject).toContain('demo/hello:latest');
    const text = await slipway.client.mailText(mail?.id ?? '');
    expect(text).toContain(commit.slice(0, 7));
    expect(text).toContain(image?.digest);
    expect(text).toContain(`/builds/${build.id}`);
    expect(await slipway.client.page('/')).toContain(`/builds/${build.id}`);
    expect(await slipway.client.page(`/builds/${build.id}`)).toContain(image?.digest);
    expect(await slipway.log(build)).toMatch(/==> push/);
  });

  it('is labelled with where it comes from', async () => {
    const [build] = await slipway.builds('hello');
    const { host } = new URL(slipway.machine.url);
    const manifest = await fetch(`${slipway.machine.url}/v2/demo/hello/manifests/${build?.image?.digest}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    const { config, annotations } = (await manifest.json()) as {
      config: { digest: string };
      annotations: Record<string, string>;
    };
    expect(annotations['org.opencontainers.image.revision']).toBe(build?.commit);
    const blob = await fetch(`${slipway.machine.url}/v2/demo/hello/blobs/${config.digest}`);
    const { config: settings } = (await blob.json()) as { config: { Labels: Record<string, string> } };
    expect(settings.Labels).toMatchObject({
      'org.opencontainers.image.revision': build?.commit,
      'org.opencontainers.image.source': `${slipway.machine.url}/git/demo/hello.git`,
    });
    expect(build?.image?.repository).toBe(`${host}/demo/hello`);
  });

  it('is signed, with its origin and its scan, by the key that the pages have', async () => {
    const { url } = slipway.machine;
    const [build] = await slipway.builds('hello');
    const { digest = '' } = build?.image ?? {};
    const pem = await (await fetch(`${url}/.well-known/slipway/cosign.pub`)).text();
    const signed = await signedStatements(url, 'demo/hello', digest, pem);
    expect([...signed].map(([type, all]) => [type, all.length]).sort()).toEqual([
      ['https://cosign.sigstore.dev/attestation/vuln/v1', 1],
      ['https://sigstore.dev/cosign/sign/v1', 1],
      ['https://slsa.dev/provenance/v1', 1],
    ]);
    const [provenance] = signed.get('https://slsa.dev/provenance/v1') ?? [];
    expect(provenance?.predicate).toMatchObject({
      buildDefinition: {
        externalParameters: { project: 'demo/hello:latest', source: { uri: `git+${url}/git/demo/hello.git` } },
        internalParameters: { cause: { type: build?.cause.type } },
        resolvedDependencies: [{ digest: { gitCommit: build?.commit } }],
      },
      runDetails: { builder: { id: url }, metadata: { invocationId: `${url}/builds/${build?.id}` } },
    });
    const [scan] = signed.get('https://cosign.sigstore.dev/attestation/vuln/v1') ?? [];
    expect(scan?.predicate).toMatchObject({ scanner: { result: { verdict: { outcome: 'pass' } } } });
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const other = publicKey.export({ format: 'pem', type: 'spki' }).toString();
    expect((await signedStatements(url, 'demo/hello', digest, other)).size).toBe(0);
  });

  it('moves the floating tags, and leaves the one that never moves', async () => {
    const [before] = await slipway.builds('hello');
    const commit = await slipway.pushSource('hello', { words: 'second' });
    const build = await slipway.ended('hello', commit);
    expect(build.status).toBe('released');
    expect(build.image?.digest).not.toBe(before?.image?.digest);
    expect(await slipway.client.digestOf('demo/hello', 'latest')).toBe(build.image?.digest);
    const fixed = before?.image?.tags.find((tag) => tag.startsWith('build-')) ?? '';
    expect(await slipway.client.digestOf('demo/hello', fixed)).toBe(before?.image?.digest);
    await slipway.mails('hello', 2);
  });

  it('marks the commit on the git host', async () => {
    const [build] = await slipway.builds('hello');
    const status = await slipway.until('the mark at the commit', async () => {
      const response = await fetch(`${slipway.machine.url}/github/repos/demo/hello/commits/${build?.commit}/status`);
      const { state, statuses } = (await response.json()) as {
        state: string;
        statuses: { target_url: string; context: string }[];
      };
      return state === 'success' ? statuses[0] : undefined;
    });
    expect(status).toMatchObject({
      context: 'slipway: demo/hello:latest',
      target_url: `${slipway.machine.url}/builds/${build?.id}`,
    });
  });
});

describe('a base that is a project of the index', () => {
  it('is that project’s release, by its digest, and is seen to belong to the child', async () => {
    await slipway.track(slipway.entry('hello'), slipway.entry('child', { id: '2', 'depends-on': 'demo/hello:latest' }));
    const commit = await slipway.pushSource('child', {
      Dockerfile:
        'FROM demo/hello:latest AS made\nRUN cat /said > /heard\nFROM demo/hello:latest\nCOPY --from=made /heard /heard\n',
    });
    const build = await slipway.ended('child', commit);
    expect(build).toMatchObject({ status: 'released', failure: null });
    const [parent] = await slipway.builds('hello');
    expect(await slipway.log(build)).toContain(parent?.image?.digest);
    expect(await slipway.builds('hello')).toHaveLength(2);
  });
});

describe('what is not built', () => {
  it('is a branch that nobody tracks, a deleted branch, and a tag that is not a version', async () => {
    const copy = await slipway.workingCopy('demo/hello');
    const before = await slipway.builds('hello');
    await copy.git('push', '--quiet', 'origin', 'HEAD:refs/heads/elsewhere');
    await copy.git('push', '--quiet', 'origin', ':refs/heads/elsewhere');
    await copy.git('tag', '--annotate', '--message=No version', 'nightly');
    await copy.git('push', '--quiet', 'origin', 'nightly');
    const last = await slipway.pushSource('child', { again: 'yes' });
    await slipway.ended('child', last);
    expect(await slipway.builds('hello')).toEqual(before);
  });

  it('is a delivery that came before', async () => {
    const { url, gitHubToken } = slipway.machine;
    const headers = { authorization: `Bearer ${gitHubToken}` };
    const api = `${url}/github/repos/demo/child`;
    const hooks = (await (await fetch(`${api}/hooks`, { headers })).json()) as { id: number }[];
    const hook = hooks[0]?.id ?? 1;
    const deliveries = (await (await fetch(`${api}/hooks/${hook}/deliveries`, { headers })).json()) as {
      id: number;
      event: string;
      redelivery: boolean;
    }[];
    const push = deliveries.find(({ event, redelivery }) => event === 'push' && !redelivery);
    const before = await slipway.builds('child');
    const again = await fetch(`${api}/hooks/${hook}/deliveries/${push?.id}/attempts`, { method: 'POST', headers });
    expect(again.status).toBe(202);
    const last = await slipway.pushSource('child', { again: 'and again' });
    await slipway.ended('child', last);
    expect(await slipway.builds('child')).toHaveLength(before.length + 1);
  });
});

describe('the pages', () => {
  it('show who depends on a project, what it depends on, and the cascade that its release set off', async () => {
    expect(await slipway.client.page('/projects/demo/hello/latest')).toContain('href="/projects/demo/child/latest"');
    expect(await slipway.client.page('/projects/demo/child/latest')).toContain('href="/projects/demo/hello/latest"');
    const [, address = ''] = /href="(\/cascades\/[^"]+)"/.exec(await slipway.client.page('/cascades')) ?? [];
    expect(await slipway.client.page(address)).toMatch(/href="\/projects\/demo\/(hello|child)\/latest"/);
  });
});

describe('what a build may not do', () => {
  it('is to reach the pipeline’s own credentials from a RUN step', async () => {
    await slipway.track(slipway.entry('curious', { id: '3' }));
    const commit = await slipway.pushSource('curious', {
      Dockerfile: `${smallDebian}RUN env; cat /proc/1/environ | tr "\\0" "\\n"; true\n`,
    });
    const build = await slipway.ended('curious', commit);
    const log = await slipway.log(build);
    expect(log).not.toMatch(/AWS_SECRET|SECRET_ACCESS|AWS_ACCESS_KEY_ID=(?!\*)\w/);
    expect(log).not.toContain(slipway.machine.credentials.secretAccessKey);
  });
});

describe('an image', () => {
  it('can be pulled with another tool', async () => {
    const { host } = new URL(slipway.machine.url);
    const [build] = await slipway.builds('hello');
    const store = [
      '--root',
      `${slipway.folder}/store`,
      '--runroot',
      `${slipway.folder}/runroot`,
      '--storage-driver',
      'vfs',
    ];
    const id = await run('buildah', [...store, 'pull', '--quiet', '--tls-verify=false', `${host}/demo/hello:latest`]);
    expect(id.trim()).toMatch(/^[0-9a-f]{64}$/);
    const inspected = await run('buildah', [
      ...store,
      'inspect',
      '--type',
      'image',
      '--format',
      '{{.FromImageDigest}}',
      id.trim(),
    ]);
    expect(inspected.trim()).toBe(build?.image?.digest);
  });
});

describe('the permissions of the template', () => {
  // What a build that goes well never asks for: these wait for what goes wrong, or for what comes by itself, which has tests of its own.
  const forFailures =
    /^(Commands|StepsJoinPlatforms|Operators|StepsAwaitScan|StepsFail|StepsGoOn|StepsRollBack|ScanEvents|EndHolds|SupervisionCloseBuild|SupervisionReconcileBuilds|MonitoringAlarms|WatchBases|WatchSources|WatchPackages|RunSchedules|Rescans|WarnWaivers|Delivery|ExpireImages|Rollouts|Notifications|UrlNotifications|Login)/;
  // Whether a build has its place taken here depends on how fast it is; that it is stopped then is tested in supersede.test.ts.
  const forSuperseding = /: (codebuild:StopBuild|states:StopExecution)$/;
  const inReserve = [
    // A base from outside, which no project here depends on.
    'StepsCollectScan: dynamodb:UpdateItem',
    'StepsCollectScan: s3:ListBucket',
    // An image for several platforms.
    'StepsCollectScan: ecr:BatchGetImage',
    // A version tag, and a build that left no report.
    'StepsRelease: dynamodb:UpdateItem',
    'PagesSite: s3:ListBucket',
    'StepsTell: s3:ListBucket',
    // An address that did not answer for a week.
    'StepsTell: dynamodb:UpdateItem',
    // The key of signed commits.
    'PagesSite: kms:GetPublicKey',
    // A secret of a build.
    'BuildSessionsSession: secretsmanager:GetSecretValue',
    'PlannerPlanBuilds: secretsmanager:DescribeSecret',
    // A cascade of many projects, whose mails wait for its digest.
    'StepsTell: dynamodb:PutItem',
    // All builds of a commit, which are run again together.
    'PlannerPlanBuilds: dynamodb:Query',
    // A hold.
    'PlannerPlanBuilds: events:PutEvents',
    'PlannerPlanBuilds: dynamodb:PutItem',
    // What only AWS itself asks for: enhanced scanning's own permissions, and CodeBuild's look at its source's bucket.
    'StepsCollectScan: inspector2:ListCoverage inspector2:ListFindings',
    'Builder: s3:GetBucketAcl s3:GetBucketLocation',
  ];

  it('are all needed: each statement let something through that nothing else would have', async () => {
    // No project here has manifests, whose commits another key signs.
    const isKeyOfCommits = (holder: string) =>
      holder.includes(':key/') && holder !== slipway.machine.outputs.SigningKeyArn;
    const unneeded = (await slipway.usedStatements())
      .filter(({ effect, needed, holder }) => effect === 'Allow' && !needed && !isKeyOfCommits(holder))
      .map(({ holder, statement }) => {
        const { Action } = statement as { Action: string | string[] };
        const name = holder
          .replace(/^.*[:/]Slipway-/, '')
          .replace(/(Role|Function|Operators)?[0-9A-F]{8}-[0-9A-F]{12}$/, '');
        return `${name}: ${[Action].flat().join(' ')}`;
      })
      .filter((line) => !forFailures.test(line) && !forSuperseding.test(line));
    // Another file's tests on the same machine may have needed what is in reserve here.
    expect(unneeded.filter((line) => !inReserve.includes(line))).toEqual([]);
  });
});
