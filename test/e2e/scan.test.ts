import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sbomGeneratorPath } from '../../local/sbom-generator.ts';
import { hideRepository, installApp, makeApp } from './github-app.ts';
import { signedStatements } from './signature.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;

/** An image that asks for much of its host, and its own test. */
const dockerfile = (...instructions: string[]) =>
  `${smallDebian}LABEL RUN="docker run --privileged -v /var/run/docker.sock:/var/run/docker.sock IMAGE"\n${instructions.join('\n')}\n`;
const test = '#!/bin/sh\n[ -f /ready ] || { echo "the file /ready is <missing>"; exit 3; }\n';
const packageOf = (name: string, version: string) =>
  `RUN printf 'Package: ${name}\\nStatus: install ok installed\\nMaintainer: Nobody <nobody@example.org>\\nArchitecture: all\\nVersion: ${version}\\nDescription: an example\\n\\n' >> /var/lib/dpkg/status`;

beforeAll(async () => {
  slipway = await startSlipway({ sbomGenerator: sbomGeneratorPath() });
  const { endpoint, region, credentials, outputs, url } = slipway.machine;
  // Before any function has read which tokens there are.
  const installPage = await makeApp(slipway.machine);
  await hideRepository(slipway, 'guarded');
  await installApp(installPage, slipway.machine, 'demo/guarded');
  await new SecretsManagerClient({ endpoint, region, credentials }).send(
    new CreateSecretCommand({
      Name: `${outputs.SourceSecretsPrefix}demo/by-app`,
      SecretString: JSON.stringify({ url: `${url}/git/demo/`, 'github-app': true }),
    }),
  );
  await slipway.track(slipway.entry('guarded', { 'source-secret': 'by-app', visibility: 'public' }));
});
afterAll(() => slipway?.stop());

interface Run {
  conclusion: string | null;
  output: { annotations_url: string };
}

/** What a path of the machine answers, of which only what a test asks for is read. */
const read = async <Shape>(path: string) => (await (await fetch(`${slipway.machine.url}${path}`)).json()) as Shape;
const api = <Shape = unknown>(path: string) => read<Shape>(`/api/v1${path}`);

async function push(...instructions: string[]) {
  const commit = await slipway.pushSource('guarded', {
    Dockerfile: dockerfile(...instructions),
    'cccp.yml': 'job-id: guarded\ntest-script: tests/ready.sh\n',
    'tests/ready.sh': test,
  });
  return slipway.ended('guarded', commit);
}

async function newestMail(count: number): Promise<string> {
  const mails = await slipway.mails('guarded', count);
  return slipway.client.mailText(mails.at(0)?.id ?? '');
}

describe('an image', () => {
  it('that fails its own test is blocked, and its owner reads what the test said', async () => {
    const build = await push('MAINTAINER somebody');
    expect(build).toMatchObject({ status: 'blocked', image: null });
    expect(build.verdict?.reasons[0]).toMatch(/tests\/ready\.sh ended with exit code 3/);
    expect(await slipway.log(build)).toContain('the file /ready is <missing>');
    expect(await newestMail(1)).toContain('tests/ready.sh');
    const page = await slipway.client.page(`/builds/${build.id}`);
    expect(page).toContain('the file /ready is &lt;missing&gt;');
    expect(page).not.toContain('<missing>');
  });

  it('is fetched from a private repository by the GitHub App, whose check run says why it is blocked', async () => {
    const [build] = await slipway.builds('guarded');
    const { gitHubToken, url } = slipway.machine;
    const asOwner = { headers: { authorization: `Bearer ${gitHubToken}` } };
    const path = `${url}/github/repos/demo/guarded`;
    expect((await fetch(path)).status).toBe(404);
    const run = await slipway.until('the end of the check run', async () => {
      const answer = await fetch(`${path}/commits/${build?.commit}/check-runs`, asOwner);
      const { check_runs: runs } = (await answer.json()) as { check_runs: Run[] };
      return runs.find(({ conclusion }) => conclusion !== null);
    });
    expect(run).toMatchObject({
      name: 'slipway: demo/guarded:latest',
      conclusion: 'failure',
      external_id: build?.id,
      details_url: `${url}/builds/${build?.id}`,
      output: { summary: expect.stringContaining('ended with exit code 3') },
    });
    const annotations = (await (await fetch(run.output.annotations_url, asOwner)).json()) as object[];
    expect(annotations).toContainEqual(expect.objectContaining({ path: 'Dockerfile', start_line: 4 }));
    // The first letters of all tokens of installations.
    const kept = [
      await slipway.log(build as never),
      JSON.stringify(await api(`/builds/${build?.id}`)),
      await newestMail(1),
    ];
    for (const text of [...kept, await slipway.client.page(`/builds/${build?.id}`), JSON.stringify(run)])
      expect(text).not.toMatch(/ghs_|eC1hY2Nlc3MtdG9rZW46/);
  });

  it('that passes it is released with its SBOMs, and people are warned of what it asks for', async () => {
    const build = await push('RUN touch /ready', packageOf('first', '1.0'));
    expect(build.status).toBe('released');
    expect(build.verdict?.warnings?.join('\n')).toMatch(/privileged/);
    const { items } = await api<{ items: { scanner: string; state: string }[] }>(`/builds/${build.id}/scanners`);
    expect(Object.fromEntries(items.map(({ scanner, state }) => [scanner, state]))).toEqual({
      'package-updates': 'not-applicable',
      'language-updates': 'not-applicable',
      capabilities: 'complete',
      'file-integrity': 'complete',
      'dockerfile-lint': 'complete',
      'user-test': 'complete',
      sbom: 'complete',
    });

    const sbom = await api<{ components: { name: string }[] }>(`/builds/${build.id}/sbom.cdx.json`);
    expect(sbom.components.map(({ name }) => name)).toContain('first');
    expect(await api(`/builds/${build.id}/sbom.spdx.json`)).toMatchObject({ spdxVersion: 'SPDX-2.3' });
    const { repository, digest } = build.image ?? { repository: '', digest: '' };
    const name = repository.slice(repository.indexOf('/') + 1);
    const referrers = await read<{ manifests: { artifactType: string }[] }>(`/v2/${name}/referrers/${digest}`);
    const types = referrers.manifests.map(({ artifactType }) => artifactType);
    expect(types.filter((type) => !type.includes('sigstore')).sort()).toEqual([
      'application/spdx+json',
      'application/vnd.cyclonedx+json',
    ]);
    const { url } = slipway.machine;
    const pem = await (await fetch(`${url}/.well-known/slipway/cosign.pub`)).text();
    const signed = await signedStatements(url, name, digest, pem);
    expect(signed.get('https://cyclonedx.org/bom')).toMatchObject([{ predicate: { bomFormat: 'CycloneDX' } }]);
    expect(signed.get('https://spdx.dev/Document')).toMatchObject([{ predicate: { spdxVersion: 'SPDX-2.3' } }]);
  });

  it('says what changed since the last release', async () => {
    const build = await push('RUN touch /ready', packageOf('first', '2.0'), packageOf('second', '1.0'));
    expect(build).toMatchObject({ status: 'released', changes: { packages: { added: 1, removed: 0, updated: 1 } } });
    expect(await newestMail(3)).toMatch(/second/);
    expect(await api(`/builds/${build.id}/comparison`)).toMatchObject({
      packages: { updated: { items: [{ name: 'first', before: '1.0', after: '2.0' }] } },
    });
  });
});
