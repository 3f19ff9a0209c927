import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { runnablePlatforms } from '../../builder/platform.ts';
import { platforms } from '../../core/model/platform.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

const indexType = 'application/vnd.oci.image.index.v1+json';
const indexSchema = z.object({
  mediaType: z.literal(indexType),
  annotations: z.record(z.string(), z.string()),
  manifests: z.array(
    z.object({ digest: z.string(), platform: z.object({ os: z.string(), architecture: z.string() }).loose() }),
  ),
});
const referrersSchema = z.object({ manifests: z.array(z.object({ artifactType: z.string() })) });

let slipway: Slipway;
beforeAll(async () => {
  slipway = await startSlipway();
});
afterAll(() => slipway.stop());

it('a project for two platforms is built for both, judged by both and released as one index, with signatures and SBOMs of each', async () => {
  await slipway.track(slipway.entry('both', { platforms: '[linux/arm64, linux/amd64]' }));
  // It runs nothing, so that this machine can build it for any other.
  const commit = await slipway.pushSource('both', { Dockerfile: smallDebian });
  const build = await slipway.ended('both', commit);
  expect(build.status, JSON.stringify(build)).toBe('released');

  const read = async (path: string) => {
    const answer = await fetch(`${slipway.machine.url}/v2/demo/both/${path}`, { headers: { accept: indexType } });
    expect(answer.status).toBe(200);
    return answer.json();
  };
  const index = indexSchema.parse(await read('manifests/latest'));
  expect(index.manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`)).toEqual([...platforms]);
  expect(index.annotations['org.opencontainers.image.revision']).toBe(commit);
  const typesOf = async (digest: string) =>
    referrersSchema.parse(await read(`referrers/${digest}`)).manifests.map(({ artifactType }) => artifactType);
  for (const { digest } of index.manifests) {
    const types = await typesOf(digest);
    expect(types).toEqual(expect.arrayContaining(['application/vnd.dev.sigstore.bundle.v0.3+json']));
    expect(types.filter((type) => type.endsWith('+json'))).toHaveLength(types.length);
  }
  expect(await typesOf(build.image?.digest ?? '')).toHaveLength(3);
});

it('one platform that cannot be built fails the build, and the failure says which', async () => {
  const runnable = await runnablePlatforms();
  const commit = await slipway.pushSource('both', { Dockerfile: `${smallDebian}RUN true\n` });
  const build = await slipway.ended('both', commit);
  const foreign = platforms.filter((platform) => !runnable.includes(platform));
  if (foreign.length === 0) expect(build.status).toBe('released');
  else
    expect(build).toMatchObject({
      status: 'failed',
      failure: { error: 'PlatformNotBuiltError', message: expect.stringMatching(new RegExp(`^${foreign[0]}: `)) },
    });
});
