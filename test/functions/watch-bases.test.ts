import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { atEveryCrashPoint } from './crash-points.ts';
import { digestOf, setUpWatchBases, startNamedRegistry, type WatchBasesSetup } from './watch-bases-setup.ts';

const [A, B, C] = ['a', 'b', 'c'].map(digestOf) as [string, string, string];
const itemOf = async (world: WatchBasesSetup, image: string) => (await world.bases.all()).images.get(image);
/** As if so much time had gone by that everything may be asked again. */
async function later(world: WatchBasesSetup): Promise<void> {
  const { images, pauses } = await world.bases.all();
  const keys = [...images.keys(), ...[...pauses.keys()].map((host) => `registry ${host}`)];
  for (const image of keys) {
    await world.client.send(
      new UpdateCommand({
        TableName: 'bases',
        Key: { image },
        UpdateExpression: 'SET notBefore = :past, repeatNotBefore = :past',
        ExpressionAttributeValues: { ':past': new Date(0).toISOString() },
      }),
    );
  }
}

describe('a base', () => {
  it('is asked for once, by HEAD, however many projects depend on it', async () => {
    await using registry = await startNamedRegistry({ 'library/debian:12': A, 'tools/go:1': B });
    await using world = await setUpWatchBases();
    for (const job of ['one', 'two', 'three'])
      await world.dependsOn(job, { [`${registry.host}/library/debian:12`]: A, [`${registry.host}/tools/go:1`]: B });
    await world.watch();
    expect(registry.asked().sort()).toEqual(['HEAD /v2/library/debian/manifests/12', 'HEAD /v2/tools/go/manifests/1']);
    expect(world.announced()).toEqual([]);
  });

  it('with a new digest is announced once, together with all others of the same run', async () => {
    await using registry = await startNamedRegistry({ 'one:1': B, 'two:1': C, 'three:1': A });
    await using world = await setUpWatchBases();
    for (const name of ['one', 'two', 'three']) await world.dependsOn(name, { [`${registry.host}/${name}:1`]: A });
    await world.watch();
    expect(world.announced()).toEqual([['one:1 a→b', 'two:1 a→c']]);
    await world.watch();
    expect(world.announced()).toEqual([]);
    expect(await itemOf(world, `${registry.host}/one:1`)).toMatchObject({ digest: B, checkedAt: expect.any(String) });
  });

  it('that comes back to a digest that it had is a change each time, under another id', async () => {
    await using registry = await startNamedRegistry({ 'one:1': B });
    await using world = await setUpWatchBases();
    await world.dependsOn('one', { [`${registry.host}/one:1`]: A });
    const ids = new Set<string>();
    for (const digest of [B, A, B]) {
      registry.images['one:1'] = digest;
      await world.watch();
      for (const { id } of world.sent) ids.add(id);
    }
    expect(world.announced()).toEqual([['one:1 a→b'], ['one:1 b→a'], ['one:1 a→b']]);
    expect(ids.size).toBe(3);
  });

  it('that is seen for the first time is not a change: an entry declares it', async () => {
    await using registry = await startNamedRegistry({ 'centos/centos:7': A });
    await using world = await setUpWatchBases();
    await world.track();
    await world.dependents.declare('demo/app:latest', ['centos/centos:7', `${registry.host}/centos/centos:7`]);
    await world.watch();
    expect(registry.asked()).toHaveLength(1);
    expect(world.announced()).toEqual([]);
    registry.images['centos/centos:7'] = B;
    await world.watch();
    expect(world.announced()).toEqual([['centos/centos:7 a→b']]);
  });

  it('that has moved while its first build ran is a change', async () => {
    await using registry = await startNamedRegistry({ 'one:1': B });
    await using world = await setUpWatchBases();
    await world.dependsOn('app', { [`${registry.host}/one:1`]: A });
    await world.watch();
    expect(world.announced()).toEqual([['one:1 a→b']]);
  });

  it('that a build has used in an older form, after all were notified, is announced again, and not for ever in each run', async () => {
    await using registry = await startNamedRegistry({ 'one:1': B });
    await using world = await setUpWatchBases();
    const image = `${registry.host}/one:1`;
    await world.dependsOn('app', { [image]: B });
    await world.watch();
    expect(world.announced()).toEqual([]);
    await world.built('app', { [image]: A });
    await world.watch();
    expect(world.announced()).toEqual([['one:1 a→b']]);
    // The registry that builds see has another image than the one that is watched.
    for (let run = 0; run < 3; run++) {
      await world.built('app', { [image]: A });
      await world.watch();
    }
    expect(world.announced()).toEqual([]);
    await later(world);
    await world.watch();
    expect(world.announced()).toEqual([['one:1 a→b']]);
  });

  it('that a build did not find is a change when it is there', async () => {
    await using registry = await startNamedRegistry();
    await using world = await setUpWatchBases();
    await world.dependsOn('app', { [`${registry.host}/one:1`]: 'none' });
    await world.watch();
    expect(world.announced()).toEqual([]);
    expect(await itemOf(world, `${registry.host}/one:1`)).toMatchObject({ failures: 1, reason: expect.any(String) });
    registry.images['one:1'] = A;
    await later(world);
    await world.watch();
    expect(world.announced()).toEqual([['one:1 e→a']]);
    // What the watch finds and the build does not would be built for ever.
    await world.built('app', { [`${registry.host}/one:1`]: 'none' });
    await world.watch();
    expect(world.announced()).toEqual([]);
  });

  it('that is pinned by its digest is checked for the page, and triggers no build', async () => {
    await using registry = await startNamedRegistry({ 'one:1': A });
    await using world = await setUpWatchBases();
    const image = `${registry.host}/one:1`;
    await world.dependsOn('app', { [`${image}@${A}`]: A });
    await world.watch();
    registry.images['one:1'] = B;
    await world.watch();
    expect(world.announced()).toEqual([]);
    const { bases = [] } = (await world.projects.get('demo/app:latest')) ?? {};
    expect(await world.bases.statuses(bases)).toEqual([
      {
        reference: `${image}@${A}`,
        image,
        digest: A,
        own: false,
        pinned: true,
        newer: B,
        since: expect.any(String),
        checkedAt: expect.any(String),
      },
    ]);
  });
});

describe('who is watched', () => {
  it('is what at least one project of the index depends on; the rest is forgotten', async () => {
    await using registry = await startNamedRegistry({ 'one:1': A, 'two:1': A, 'gone:1': A });
    await using world = await setUpWatchBases();
    await world.dependsOn('one', { [`${registry.host}/one:1`]: A, [`${registry.host}/gone:1`]: A });
    await world.dependsOn('two', { [`${registry.host}/two:1`]: A });
    await world.track({ name: 'demo/two:latest', appId: 'demo', jobId: 'two', active: false });
    await world.built('one', { [`${registry.host}/one:1`]: A });
    await world.watch();
    expect(registry.asked()).toEqual(['HEAD /v2/one/manifests/1']);
    expect([...(await world.bases.all()).images.keys()]).toEqual([`${registry.host}/one:1`]);
  });

  it('is not a release of the pipeline, but is what somebody else has put into its registry, with its credentials', async () => {
    await using registry = await startNamedRegistry({ 'slipway/bases/debian:12': A });
    await using world = await setUpWatchBases({ ownHost: registry.host });
    await world.track({ name: 'demo/base:latest', appId: 'demo', jobId: 'base' });
    await world.dependsOn('app', {
      [`${registry.host}/slipway/demo/base:latest`]: A,
      [`${registry.host}/slipway/bases/debian:12`]: A,
      [`${registry.host}/slipway/candidate/demo/base:1a`]: A,
    });
    await world.watch();
    expect(registry.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/v2/slipway/bases/debian/manifests/12', `Basic ${Buffer.from('AWS:secret').toString('base64')}`],
    ]);
    expect((await world.dependents.of('demo/base:latest')).map(({ project }) => project)).toEqual(['demo/app:latest']);
  });
});

describe('a private image', () => {
  it('is asked for with the login of its folder, and the other images of the registry without', async () => {
    await using registry = await startNamedRegistry({ 'acme/one:1': A, 'other/two:1': A });
    const login = { user: 'acme', password: 'theirs' };
    await using world = await setUpWatchBases({
      pullCredentials: async (image) => (image.startsWith(`${registry.host}/acme/`) ? login : undefined),
    });
    await world.dependsOn('app', { [`${registry.host}/acme/one:1`]: B, [`${registry.host}/other/two:1`]: A });
    await world.watch();
    expect(registry.requests.map(({ path, headers }) => [path, headers.authorization]).toSorted()).toEqual([
      ['/v2/acme/one/manifests/1', `Basic ${Buffer.from('acme:theirs').toString('base64')}`],
      ['/v2/other/two/manifests/1', undefined],
    ]);
    expect(world.announced()).toEqual([['acme/one:1 b→a']]);
  });

  it('whose login is kept to others is asked for as a stranger asks, unless an entry of theirs is built on it too', async () => {
    await using registry = await startNamedRegistry({ 'acme/ours:1': A, 'acme/theirs:1': A });
    const login = { user: 'acme', password: 'theirs' };
    const pulled: string[] = [];
    await using world = await setUpWatchBases({
      pullCredentials: async (image, appIds) => {
        pulled.push(`${image.replace(/.*\//, '')} for ${[...appIds].toSorted().join(' ')}`);
        return [...appIds].includes('acme') ? login : 'withheld';
      },
    });
    await world.dependsOn('app', { [`${registry.host}/acme/ours:1`]: A, [`${registry.host}/acme/theirs:1`]: A });
    await world.track({ name: 'acme/shop:latest', appId: 'acme', jobId: 'shop' });
    await world.built('shop', { [`${registry.host}/acme/theirs:1`]: A }, 'acme');
    await world.watch();
    expect(pulled.toSorted()).toEqual(['ours for demo', 'theirs for acme demo']);
    expect(registry.requests.map(({ path, headers }) => [path, headers.authorization]).toSorted()).toEqual([
      ['/v2/acme/ours/manifests/1', undefined],
      ['/v2/acme/theirs/manifests/1', `Basic ${Buffer.from('acme:theirs').toString('base64')}`],
    ]);
  });

  it('is asked for with the password of its own folder, whoever else has the same user', async () => {
    await using registry = await startNamedRegistry({ 'acme/one:1': A, 'other/two:1': A });
    await using world = await setUpWatchBases({
      pullCredentials: async (image) => ({ user: 'oauth2', password: image.includes('/acme/') ? 'theirs' : 'ours' }),
    });
    await world.dependsOn('app', { [`${registry.host}/acme/one:1`]: A, [`${registry.host}/other/two:1`]: A });
    await world.watch();
    expect(registry.requests.map(({ path, headers }) => [path, headers.authorization]).toSorted()).toEqual([
      ['/v2/acme/one/manifests/1', `Basic ${Buffer.from('oauth2:theirs').toString('base64')}`],
      ['/v2/other/two/manifests/1', `Basic ${Buffer.from('oauth2:ours').toString('base64')}`],
    ]);
  });
});

describe('a registry', () => {
  it('that does not accept some credentials is asked for the images of others as ever', async () => {
    await using registry = await startNamedRegistry({ 'open:1': B });
    const names = Array.from({ length: 5 }, (_, at) => `acme/image${at}:1`);
    for (const name of names) registry.images[name] = (response) => response.writeHead(401).end();
    await using world = await setUpWatchBases({
      pullCredentials: async (image) => (image.includes('/acme/') ? { user: 'acme', password: 'revoked' } : undefined),
    });
    await world.dependsOn(
      'app',
      Object.fromEntries([...names, 'open:1'].map((name) => [`${registry.host}/${name}`, A])),
    );
    await world.watch();
    expect(registry.asked()).toHaveLength(6);
    expect(world.announced()).toEqual([['open:1 a→b']]);
    expect((await world.bases.all()).pauses.size).toBe(0);
  });

  it('that is down keeps no other waiting, is asked little, and is left alone for a while', async () => {
    await using down = await startNamedRegistry();
    await using up = await startNamedRegistry({ 'one:1': B });
    await using world = await setUpWatchBases();
    const names = Array.from({ length: 20 }, (_, at) => `image${at}:1`);
    for (const name of names) down.images[name] = (response) => response.writeHead(503).end();
    await world.dependsOn('app', Object.fromEntries(names.map((name) => [`${down.host}/${name}`, A])));
    await world.dependsOn('other', { [`${up.host}/one:1`]: A });
    await world.watch();
    expect(down.asked()).toHaveLength(3);
    expect(world.announced()).toEqual([['one:1 a→b']]);
    await world.watch();
    expect(down.asked()).toHaveLength(0);
    await later(world);
    await world.watch();
    expect(down.asked()).toHaveLength(1);
    expect((await world.bases.all()).pauses.get(down.host)).toMatchObject({ failures: 2, reason: 'it answered 503' });
    for (const name of names) down.images[name] = A;
    await later(world);
    await world.watch();
    expect(down.asked()).toHaveLength(20);
    expect((await world.bases.all()).pauses.size).toBe(0);
    expect(world.mails).toEqual([]);
  });

  it('that says that it was asked too often is asked again when it wants to be', async () => {
    await using registry = await startNamedRegistry();
    await using world = await setUpWatchBases();
    registry.images['one:1'] = (response) => response.writeHead(429, { 'retry-after': '1800' }).end();
    await world.dependsOn('app', { [`${registry.host}/one:1`]: A });
    const before = Date.now();
    await world.watch();
    const { notBefore = '' } = (await world.bases.all()).pauses.get(registry.host) ?? {};
    expect(Date.parse(notBefore) - before).toBeGreaterThanOrEqual(1_799_000);
    expect(Date.parse(notBefore) - before).toBeLessThan(1_900_000);
  });

  it('that has nothing left of its window is asked on, since Docker Hub counts no HEAD', async () => {
    await using registry = await startNamedRegistry();
    await using world = await setUpWatchBases();
    const names = Array.from({ length: 10 }, (_, at) => `image${at}:1`);
    for (const name of names)
      registry.images[name] = (response) =>
        response.writeHead(200, { 'docker-content-digest': B, 'ratelimit-remaining': '0;w=21600' }).end();
    await world.dependsOn('app', Object.fromEntries(names.map((name) => [`${registry.host}/${name}`, A])));
    await world.watch();
    expect(registry.asked()).toHaveLength(10);
    expect(world.announced()).toHaveLength(1);
  });

  it('without an image is asked for it ever more rarely, and for the others as ever', async () => {
    await using registry = await startNamedRegistry({ 'one:1': A });
    await using world = await setUpWatchBases();
    registry.images['private:1'] = (response) => response.writeHead(401).end();
    await world.dependsOn('app', { [`${registry.host}/one:1`]: A, [`${registry.host}/private:1`]: A });
    await world.watch();
    expect(registry.asked()).toHaveLength(2);
    await world.watch();
    expect(registry.asked()).toEqual(['HEAD /v2/one/manifests/1']);
    expect(await itemOf(world, `${registry.host}/private:1`)).toMatchObject({ digest: A, failures: 1 });
  });

  it('of a private network is not reached', async () => {
    await using world = await setUpWatchBases();
    await world.dependsOn('app', { '169.254.169.254/latest/meta-data:1': A, '10.0.0.1:80/x:1': A });
    await world.watch();
    expect((await world.bases.all()).images.get('10.0.0.1:80/x:1')?.reason).toContain('private address');
  });
});

describe('a run', () => {
  it('that crashes anywhere loses no change, and the next one announces none twice', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const registry = await startNamedRegistry({ 'one:1': B, 'two:1': C });
      const world = await setUpWatchBases({ crashes });
      for (const name of ['one', 'two']) await world.dependsOn(name, { [`${registry.host}/${name}:1`]: A });
      return {
        run: async () => {
          // The lease of the dead has run out.
          await world.client.send(
            new UpdateCommand({
              TableName: 'bases',
              Key: { image: 'lock of watch-bases' },
              UpdateExpression: 'REMOVE heldUntil',
            }),
          );
          await world.watch();
        },
        async check() {
          await using _ = world;
          await using __ = registry;
          await later(world);
          await world.watch();
          const unique = new Map(world.sent.map((trigger) => [trigger.id, trigger]));
          world.sent.splice(0, world.sent.length, ...unique.values());
          expect(world.announced()).toEqual([['one:1 a→b', 'two:1 a→c']]);
          expect((await itemOf(world, `${registry.host}/one:1`))?.digest).toBe(B);
        },
      };
    });
  });

  it('waits for another that is under way, so that no two announce the same', async () => {
    await using registry = await startNamedRegistry({ 'one:1': B });
    await using world = await setUpWatchBases();
    await world.dependsOn('app', { [`${registry.host}/one:1`]: A });
    await Promise.all([world.watch(), world.watch()]);
    expect(world.announced()).toEqual([['one:1 a→b']]);
  });

  it('whose time is up leaves the rest to the next one, which begins with it', async () => {
    await using registry = await startNamedRegistry({ 'one:1': A, 'two:1': A });
    await using world = await setUpWatchBases();
    await world.dependsOn('app', { [`${registry.host}/one:1`]: A, [`${registry.host}/two:1`]: A });
    await world.watch(0);
    expect(registry.asked()).toEqual([]);
    registry.images['one:1'] = (response) => response.writeHead(200, { 'docker-content-digest': A }).end();
    await world.watch();
    expect(registry.asked()).toHaveLength(2);
  });
});
