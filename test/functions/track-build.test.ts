import { describe, expect, it } from 'vitest';
import { createTrackBuild } from '../../functions/track-build.ts';
import { setUpServices } from './services-setup.ts';

const id = '00000000000000aa';
const began = (...variables: { name: string; value: string }[]) => ({
  'build-id': 'arn:aws:codebuild:us-east-1:123456789012:build/Builder:6f0d',
  'build-status': 'IN_PROGRESS',
  'additional-information': { environment: { 'environment-variables': variables } },
});
const ofBuild = began({ name: 'RECORDS_BUCKET', value: 'records' }, { name: 'BUILD_ID', value: id });

describe("CodeBuild's event that a build began", () => {
  it('moves a queued build on, once', async () => {
    await using world = await setUpServices();
    await world.queue(id);
    const track = createTrackBuild(world);
    await track(ofBuild);
    const building = await world.builds.require(id);
    expect(building).toMatchObject({
      status: 'building',
      startedAt: expect.any(String),
      codeBuildIds: new Set(['Builder:6f0d']),
    });
    await track(ofBuild);
    expect(await world.builds.require(id)).toEqual(building);
  });

  it.each(['scanning', 'releasing', 'released', 'failed', 'superseded', 'cancelled'] as const)(
    'that comes late leaves a build that is %s as it is',
    async (status) => {
      await using world = await setUpServices();
      await world.queue(id, { status });
      const before = await world.builds.require(id);
      await createTrackBuild(world)(ofBuild);
      expect(await world.builds.require(id)).toEqual({ ...before, codeBuildIds: new Set(['Builder:6f0d']) });
      expect(world.stopped).toEqual(/^(superseded|cancelled)$/.test(status) ? ['Builder:6f0d'] : []);
    },
  );

  it('of a build that nobody knows, or without an id, makes no record', async () => {
    await using world = await setUpServices();
    await createTrackBuild(world)(ofBuild);
    await createTrackBuild(world)(began({ name: 'OTHER', value: 'x' }));
    expect(await world.builds.get(id)).toBeUndefined();
  });

  it('in another form is an error', async () => {
    await using world = await setUpServices();
    await expect(createTrackBuild(world)({ 'additional-information': {} })).rejects.toThrow();
  });
});
