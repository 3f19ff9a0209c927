import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../local/command.ts';
import { type Rig, startRig } from './rig.ts';
import { smallDebian } from './sources.ts';

let rig: Rig;

beforeAll(async () => {
  // The last test is of what this file alone has used.
  rig = await startRig({});
});
afterAll(() => rig?.stop());

const dockerfile = `${smallDebian}COPY words /words\nRUN cat /words > /said\n`;

describe('a push to a tracked branch', () => {
  it('becomes a released image with its tags, a record, a page and a mail', async () => {
    await rig.track(rig.entry('hello'));
    const commit = await rig.pushSource('hello', { Dockerfile: dockerfile, words: 'first' });
    const build = await rig.ended('hello', commit);

    expect(build).toMatchObject({ status: 'released', verdict: { outcome: 'pass', reasons: [] } });
    const { image } = build;
    expect(image?.tags).toEqual(expect.arrayContaining(['latest', 'main', `sha-${commit}`]));
    expect(image?.tags.find((tag) => tag.startsWith('build-'))).toMatch(
      new RegExp(`^build-\\d{8}T\\d{6}Z-${commit.slice(0, 7)}$`),
    );
    for (const tag of image?.tags ?? []) expect(await rig.client.digestOf('demo/hello', tag)).toBe(image?.digest);

    const [mail] = await rig.mails('hello', 1);
    const stages = await rig.until('the end of the last stage', async () => {
      const shown = (await rig.builds('hello'))[0]?.stages ?? [];
      return shown.at(-1)?.name === 'tell' && shown.at(-1)?.endedAt ? shown : undefined;
    });
    expect(stages.map(({ name }) => name)).toEqual(['build', 'scan', 'judge', 'release', 'tell']);
    expect(mail?.subject).toContain('demo/hello:latest');
    const text = await rig.client.mailText(mail?.id ?? '');
    expect(text).toContain(commit.slice(0, 7));
    expect(text).toContain(image?.digest);
    expect(text).toContain(`/builds/${build.id}`);
    expect(await rig.client.page('/')).toContain(`/builds/${build.id}`);
    expect(await rig.client.page(`/builds/${build.id}`)).toContain(image?.digest);
    expect(await rig.log(build)).toMatch(/==> push/);
  });

  it('is labelled with where it comes from', async () => {
    const [build] = await rig.builds('hello');
    const { host } = new URL(rig.machine.url);
    const manifest = await fetch(`${rig.machine.url}/v2/demo/hello/manifests/${build?.image?.digest}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    const { config, annotations } = (await manifest.json()) as {
      config: { digest: string };
      annotations: Record<string, string>;
    };
    expect(annotations['org.opencontainers.image.revision']).toBe(build?.commit);
    const blob = await fetch(`${rig.machine.url}/v2/demo/hello/blobs/${config.digest}`);
    const { config: settings } = (await blob.json()) as { config: { Labels: Record<string, string> } };
    expect(settings.Labels).toMatchObject({
      'org.opencontainers.image.revision': build?.commit,
      'org.opencontainers.image.source': `${rig.machine.url}/git/demo/hello.git`,
    });
    expect(build?.image?.repository).toBe(`${host}/demo/hello`);
  });

  it('moves the floating tags, and leaves the one that never moves', async () => {
    const [before] = await rig.builds('hello');
    const commit = await rig.pushSource('hello', { words: 'second' });
    const build = await rig.ended('hello', commit);
    expect(build.status).toBe('released');
    expect(build.image?.digest).not.toBe(before?.image?.digest);
    expect(await rig.client.digestOf('demo/hello', 'latest')).toBe(build.image?.digest);
    const fixed = before?.image?.tags.find((tag) => tag.startsWith('build-')) ?? '';
    expect(await rig.client.digestOf('demo/hello', fixed)).toBe(before?.image?.digest);
    await rig.mails('hello', 2);
  });

  it('marks the commit on the git host', async () => {
    const [build] = await rig.builds('hello');
    const status = await rig.until('the mark at the commit', async () => {
      const response = await fetch(`${rig.machine.url}/github/repos/demo/hello/commits/${build?.commit}/status`);
      const { state, statuses } = (await response.json()) as {
        state: string;
        statuses: { target_url: string; context: string }[];
      };
      return state === 'success' ? statuses[0] : undefined;
    });
    expect(status).toMatchObject({
      context: 'slipway: demo/hello:latest',
      target_url: `${rig.machine.url}/builds/${build?.id}`,
    });
  });
});

describe('a base that is a project of the index', () => {
  it('is that project’s release, by its digest, and is seen to stand under the child', async () => {
    await rig.track(rig.entry('hello'), rig.entry('child', { id: '2', 'depends-on': 'demo/hello:latest' }));
    const commit = await rig.pushSource('child', {
      Dockerfile:
        'FROM demo/hello:latest AS made\nRUN cat /said > /heard\nFROM demo/hello:latest\nCOPY --from=made /heard /heard\n',
    });
    const build = await rig.ended('child', commit);
    expect(build).toMatchObject({ status: 'released', failure: null });
    const [parent] = await rig.builds('hello');
    expect(await rig.log(build)).toContain(parent?.image?.digest);
    expect(await rig.builds('hello')).toHaveLength(2);
  });
});

describe('what is not built', () => {
  it('is a branch that nobody tracks, a deleted branch, and a tag that is no version', async () => {
    const copy = await rig.workingCopy('demo/hello');
    const before = await rig.builds('hello');
    await copy.git('push', '--quiet', 'origin', 'HEAD:refs/heads/elsewhere');
    await copy.git('push', '--quiet', 'origin', ':refs/heads/elsewhere');
    await copy.git('tag', '--annotate', '--message=No version', 'nightly');
    await copy.git('push', '--quiet', 'origin', 'nightly');
    const last = await rig.pushSource('child', { again: 'yes' });
    await rig.ended('child', last);
    expect(await rig.builds('hello')).toEqual(before);
  });

  it('is a delivery that came before', async () => {
    const { url, gitHubToken } = rig.machine;
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
    const before = await rig.builds('child');
    const again = await fetch(`${api}/hooks/${hook}/deliveries/${push?.id}/attempts`, { method: 'POST', headers });
    expect(again.status).toBe(202);
    const last = await rig.pushSource('child', { again: 'and again' });
    await rig.ended('child', last);
    expect(await rig.builds('child')).toHaveLength(before.length + 1);
  });
});

describe('the pages', () => {
  it('show who stands on a project, what it stands on, and the cascade that its release set off', async () => {
    expect(await rig.client.page('/projects/demo/hello/latest')).toContain('href="/projects/demo/child/latest"');
    expect(await rig.client.page('/projects/demo/child/latest')).toContain('href="/projects/demo/hello/latest"');
    const [, address = ''] = /href="(\/cascades\/[^"]+)"/.exec(await rig.client.page('/cascades')) ?? [];
    expect(await rig.client.page(address)).toMatch(/href="\/projects\/demo\/(hello|child)\/latest"/);
  });
});

describe('what a build may not do', () => {
  it('is to reach the pipeline’s own credentials from a RUN step', async () => {
    await rig.track(rig.entry('curious', { id: '3' }));
    const commit = await rig.pushSource('curious', {
      Dockerfile: `${smallDebian}RUN env; cat /proc/1/environ | tr "\\0" "\\n"; true\n`,
    });
    const build = await rig.ended('curious', commit);
    const log = await rig.log(build);
    expect(log).not.toMatch(/AWS_SECRET|SECRET_ACCESS|AWS_ACCESS_KEY_ID=(?!\*)\w/);
    expect(log).not.toContain(rig.machine.credentials.secretAccessKey);
  });
});

describe('an image', () => {
  it('can be pulled with another tool', async () => {
    const { host } = new URL(rig.machine.url);
    const [build] = await rig.builds('hello');
    const store = ['--root', `${rig.folder}/store`, '--runroot', `${rig.folder}/runroot`, '--storage-driver', 'vfs'];
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
    /^(StepsFail|SupervisionCloseBuild|SupervisionReconcileBuilds|MonitoringAlarms|BaseWatch|SourceWatch|PackageWatch|ScheduledBuilds|Rescans|WaiverWarnings)/;
  // Whether a build has its place taken here depends on how fast it is; that it is stopped then is tested in supersede.test.ts.
  const forSuperseding = /: (codebuild:StopBuild|states:StopExecution)$/;
  const inReserve = [
    // A base from outside, which no project here stands on.
    'StepsCollectScan: dynamodb:UpdateItem',
    'StepsCollectScan: s3:ListBucket',
    // A build of no branch, and one that left no report.
    'StepsJudge: dynamodb:GetItem',
    'PagesSite: s3:ListBucket',
    'StepsTell: s3:ListBucket',
    'PlannerPlanBuilds: ses:SendRawEmail',
    // What only AWS itself asks for: enhanced scanning's own permissions, and CodeBuild's look at its source's bucket.
    'StepsCollectScan: inspector2:ListCoverage inspector2:ListFindings',
    'Builder: s3:GetBucketAcl s3:GetBucketLocation',
  ];

  it('are all needed: each statement let something through that nothing else would have', async () => {
    const unneeded = (await rig.usedStatements())
      .filter(({ effect, needed }) => effect === 'Allow' && !needed)
      .map(({ holder, statement }) => {
        const { Action } = statement as { Action: string | string[] };
        const name = holder
          .replace(/^.*[:/]Slipway-/, '')
          .replace(/(Role|Function|Operators)?[0-9A-F]{8}-[0-9A-F]{12}$/, '');
        return `${name}: ${[Action].flat().join(' ')}`;
      })
      .filter((line) => !forFailures.test(line) && !forSuperseding.test(line));
    expect(unneeded.toSorted()).toEqual(inReserve.toSorted());
  });
});
