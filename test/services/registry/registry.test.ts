import { CreateRepositoryCommand, ECRClient, PutAccountSettingCommand } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../core/model/errors.ts';
import { openRegistry, type Registry, TagTakenError } from '../../../services/registry/registry.ts';
import { createClient } from '../../local/registry/registry-client.ts';
import { type RegistryMachine, startRegistryMachine } from '../../local/registry/registry-machine.ts';

let machine: RegistryMachine;
let ecr: ECRClient;
let registry: Registry;

beforeAll(async () => {
  machine = await startRegistryMachine();
  const { account, url } = machine;
  ecr = new ECRClient({ endpoint: `${url}/aws`, region: account.region, credentials: account.iam.ownerKeys() });
  registry = await openRegistry(ecr);
});
afterAll(() => machine.stop());

let count = 0;

/** A candidate of its own, and a repository whose `build-` tags never move. */
async function image(...layers: string[]) {
  count += 1;
  const [from, to] = [`candidate/demo/app${count}`, `demo/app${count}`];
  await ecr.send(
    new CreateRepositoryCommand({
      repositoryName: to,
      imageTagMutability: 'MUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'build-*' }],
    }),
  );
  const owner = createClient(machine.url, machine.owner);
  const push = (tag: string, content: string[]) =>
    owner.pushImage(
      from,
      tag,
      content.map((text) => Buffer.from(text)),
    );
  return { from, to, digest: await push('one', layers), push };
}

describe('a release', () => {
  it.each(['DISABLED', 'ENABLED'])(
    'has the very digest of its candidate, with mounting of layers %s',
    async (value) => {
      await ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value }));
      const { from, to, digest } = await image('a layer', 'another layer');
      await registry.copy(digest, from, to);
      expect(await registry.digestOf(to, digest)).toBe(digest);
      await registry.copy(digest, from, to);
      await registry.tag(to, digest, 'latest');
      expect(await registry.tags(to)).toEqual(['latest']);
    },
  );

  it('keeps the tag that never moves, and may be put on again', async () => {
    const { from, to, digest, push } = await image('first');
    await registry.copy(digest, from, to);
    await registry.tag(to, digest, 'build-1');
    await registry.tag(to, digest, 'build-1');
    const other = await push('two', ['second']);
    await registry.copy(other, from, to);
    await expect(registry.tag(to, other, 'build-1')).rejects.toThrow(TagTakenError);
    expect(await registry.digestOf(to, 'build-1')).toBe(digest);
    await registry.tag(to, digest, 'latest');
    await registry.tag(to, other, 'latest');
    expect(await registry.digestOf(to, 'latest')).toBe(other);
  });

  it('has its referrers, each once however often it is added', async () => {
    const { from, to, digest } = await image('a layer of an image with an SBOM');
    await registry.copy(digest, from, to);
    const types = ['application/vnd.cyclonedx+json', 'application/spdx+json'];
    const attach = async (text: string) => {
      for (const type of types)
        await registry.attach(to, digest, { type, name: 'sbom.json', bytes: Buffer.from(text) });
    };
    await attach('{"a":1}');
    await attach('{"a":1}');

    const owner = createClient(machine.url, machine.owner);
    const json = async (path: string) => JSON.parse((await owner.call('GET', path)).body.toString());
    const { manifests } = await json(`/v2/${to}/referrers/${digest}`);
    expect(manifests.map((each: { artifactType: string }) => each.artifactType).sort()).toEqual([...types].sort());
    for (const { digest: own, artifactType } of manifests) {
      const manifest = await json(`/v2/${to}/manifests/${own}`);
      expect(manifest).toMatchObject({ artifactType, subject: { digest }, layers: [{ mediaType: artifactType }] });
      expect(await json(`/v2/${to}/blobs/${manifest.layers[0].digest}`)).toEqual({ a: 1 });
    }
    // No tag tells of it.
    expect(await registry.tags(to)).toEqual([]);
  });

  it('that is not there gets no referrers', async () => {
    const { to } = await image('y');
    const sbom = { type: 'application/spdx+json', name: 'sbom.json', bytes: Buffer.from('{}') };
    await expect(registry.attach(to, `sha256:${'0'.repeat(64)}`, sbom)).rejects.toThrow(UpstreamError);
  });

  it('of a candidate that is not there is an error that names it', async () => {
    const { from, to } = await image('x');
    const nowhere = `sha256:${'0'.repeat(64)}`;
    await expect(registry.copy(nowhere, from, to)).rejects.toThrow(UpstreamError);
    await expect(registry.copy(nowhere, from, to)).rejects.toThrow(nowhere);
  });
});
