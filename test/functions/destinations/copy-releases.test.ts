import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HostUnreachableError } from '../../../core/model/errors.ts';
import type { PublicResponse } from '../../../services/http/public-fetch.ts';
import { setUpCopies } from './copy-setup.ts';

const layers = [randomBytes(300_000), randomBytes(10)];

type Listed = { annotations: { kind: string } };
type Copies = Awaited<ReturnType<typeof setUpCopies>>;

/** An answer of a registry that is not as it should be. */
function answer(status: number, headers: Record<string, string> = {}): PublicResponse {
  const bytes = Buffer.from('{"errors":[{"code":"REFUSED"}]}');
  return {
    url: '',
    status,
    headers: new Headers(headers),
    discard: () => undefined,
    body: (async function* () {
      yield bytes;
    })(),
    bytes: async () => bytes,
    text: async () => bytes.toString(),
  };
}

describe('a release', () => {
  it('is copied with its digest, its tags, its signature and its SBOM, and once', async () => {
    await using copies = await setUpCopies();
    const release = await copies.release(1, layers);
    const [state] = await copies.deliver(release);
    expect(state).toMatchObject({ target: copies.destinations[0], kind: 'registry', state: 'delivered', attempts: 1 });
    for (const reference of [release.digest, 'latest', 'build-1'])
      expect(await copies.digestAt('copies/app', reference)).toBe(release.digest);
    expect((await copies.referrersAt('copies/app', release.digest)).toSorted()).toEqual([
      'application/spdx+json',
      'application/vnd.dev.sigstore.bundle.v0.3+json',
    ]);
    copies.network.requests.length = 0;
    await copies.deliver(release);
    expect(copies.network.requests).toEqual([]);
  });

  it('has layers that are there already sent by nobody', async () => {
    await using copies = await setUpCopies(['copies/app', 'copies/mirror']);
    await copies.deliver(await copies.release(1, layers));
    copies.network.requests.length = 0;
    const second = await copies.release(2, [...layers, randomBytes(20)]);
    await copies.deliver(second);
    expect(await copies.digestAt('copies/mirror', 'latest')).toBe(second.digest);
    const sent = copies.network.requests.filter((line) => line.startsWith('PATCH /v2/copies/app/'));
    // The new layer, the configuration, the signature and the SBOM.
    expect(sent).toHaveLength(4);
  });

  it('gets there by itself after the registry was down for a day, each version and the newest of the branch', async () => {
    await using copies = await setUpCopies();
    copies.network.fetch = async () => {
      throw new HostUnreachableError('ghcr.io cannot be reached (ECONNREFUSED).');
    };
    const releases = [
      await copies.release(1, layers),
      await copies.release(2, layers),
      await copies.release(3, layers, { ref: 'refs/tags/v1.0.0', tag: '1.0.0', tags: ['1.0.0', '1', 'build-3'] }),
      await copies.release(4, layers, { ref: 'refs/tags/v1.0.1', tag: '1.0.1', tags: ['1.0.1', '1', 'build-4'] }),
    ];
    for (const release of releases) await copies.deliver(release);
    const [down] = await copies.targets.ofProject('demo/app:latest');
    expect(down).toMatchObject({ state: 'pending', error: expect.stringContaining('cannot be reached') });
    expect(await copies.later(0.5)).toBe(3);
    copies.network.fetch = copies.network.real;
    expect(await copies.later(1)).toBe(3);
    expect(await copies.later(2)).toBe(0);
    const at = (tag: string) => copies.digestAt('copies/app', tag);
    expect([await at('latest'), await at('1.0.0'), await at('1.0.1'), await at('1')]).toEqual([
      releases[1]?.digest,
      releases[2]?.digest,
      releases[3]?.digest,
      releases[3]?.digest,
    ]);
  });

  it('is at the other registries where one refuses it', async () => {
    await using copies = await setUpCopies(['copies/app', 'copies/refused']);
    copies.network.fetch = async (url, request) =>
      new URL(url).pathname.includes('refused') ? answer(403) : copies.network.real(url, request);
    const release = await copies.release(1, layers);
    const states = await copies.deliver(release);
    expect(states.map(({ state }) => state)).toEqual(['delivered', 'failed']);
    expect(states[1]?.error).toMatch(/may not push to copies\/refused\. Allow them to/);
    expect(await copies.digestAt('copies/app', 'latest')).toBe(release.digest);
  });
});

describe('a registry', () => {
  /** What is hit is answered so, and everything else by the registry. */
  const on = (copies: Copies, isHit: (line: string) => boolean, fault: PublicResponse) => {
    copies.network.fetch = async (url, request) =>
      isHit(`${request?.method ?? 'GET'} ${url}`) ? fault : copies.network.real(url, request);
  };

  it('that does not know the credentials any more is not asked again, and whoever reads it knows what to do', async () => {
    await using copies = await setUpCopies();
    copies.secret.login = { user: 'AWS', password: 'old' };
    const [state] = await copies.deliver(await copies.release(1, layers));

    expect(state).toMatchObject({ state: 'failed' });
    expect(state?.dueAt).toBeUndefined();
    expect(state?.error).toMatch(/does not accept the credentials for copies\/app\. Put valid ones into the secret/);
  });

  it.each([
    ['without credentials', undefined, /There are no credentials for/],
    [
      'whose credentials are for others',
      'withheld' as const,
      /kept to other app-ids than demo\. Add it to their "app-ids"/,
    ],
  ])('%s gets the release once there are some', async (_, none, why) => {
    await using copies = await setUpCopies();
    const { login } = copies.secret;
    copies.secret.login = none;
    const [state] = await copies.deliver(await copies.release(1, layers));
    expect(state).toMatchObject({ state: 'pending', error: expect.stringMatching(why) });
    expect(copies.network.requests).toEqual([]);
    copies.secret.login = login;
    await copies.later(1);
    expect(await copies.digestAt('copies/app', 'latest')).toBeDefined();
  });

  it('that limits requests gets the next one when it says', async () => {
    await using copies = await setUpCopies();
    on(copies, (line) => line.startsWith('POST'), answer(429, { 'retry-after': '3000' }));
    const [state] = await copies.deliver(await copies.release(1, layers));
    expect(state).toMatchObject({ state: 'pending', error: expect.stringMatching(/too many requests/) });
    expect(Date.parse(state?.dueAt ?? '')).toBeGreaterThan(Date.now() + 2_900_000);
  });

  it.each([
    ['an error', 500],
    ['that it has only half of it', 400],
  ])('that answers a layer with %s gets no tag, and only what it lacks at the next try', async (_, status) => {
    await using copies = await setUpCopies();
    const release = await copies.release(1, layers);
    let patches = 0;
    on(copies, (line) => line.startsWith('PATCH') && ++patches === 3, answer(status));
    const [state] = await copies.deliver(release);
    expect(state).toMatchObject({ state: 'pending', error: expect.stringContaining(`${status}`) });
    expect(await copies.digestAt('copies/app', 'latest')).toBeUndefined();
    expect(await copies.digestAt('copies/app', release.digest)).toBeUndefined();
    copies.network.fetch = copies.network.real;
    copies.network.requests.length = 0;
    await copies.later(1);
    expect(await copies.digestAt('copies/app', 'latest')).toBe(release.digest);
    expect(copies.network.requests.filter((line) => line.startsWith('PATCH')).length).toBeLessThan(5);
  });

  it('that says another size of a layer gets it anew', async () => {
    await using copies = await setUpCopies();
    const release = await copies.release(1, layers);
    on(copies, (line) => /^HEAD .*\/blobs\//.test(line), answer(200, { 'content-length': '5' }));
    const [state] = await copies.deliver(release);
    expect(state).toMatchObject({ state: 'delivered' });
  });

  it('that makes another image of it gets no tag', async () => {
    await using copies = await setUpCopies();
    const other = `sha256:${'b'.repeat(64)}`;
    on(copies, (line) => /^PUT .*\/manifests\//.test(line), answer(201, { 'docker-content-digest': other }));
    const [state] = await copies.deliver(await copies.release(1, layers));
    expect(state).toMatchObject({ state: 'pending', error: expect.stringContaining(`made ${other} of the manifest`) });
    expect(copies.network.requests.some((line) => line.endsWith('/manifests/latest'))).toBe(false);
  });

  it('that lists no referrers has them under a tag', async () => {
    await using copies = await setUpCopies();
    on(copies, (line) => line.includes('/referrers/'), answer(404));
    const release = await copies.release(1, layers);
    await copies.deliver(release);
    const { body } = await copies.reader.call('GET', `/v2/copies/app/manifests/${release.digest.replace(':', '-')}`);
    const { manifests } = JSON.parse(body.toString());
    expect(new Set(manifests.map(({ annotations }: Listed) => annotations.kind))).toEqual(
      new Set(['signature', 'sbom']),
    );
  });

  it('never gets a tag back that has moved on', async () => {
    await using copies = await setUpCopies();
    const first = await copies.release(1, layers);
    const second = await copies.release(2, layers);
    await copies.deliver(first);
    expect(await copies.digestAt('copies/app', 'build-1')).toBe(first.digest);
    expect(await copies.digestAt('copies/app', 'latest')).toBeUndefined();
    await copies.deliver(second);
    expect(await copies.digestAt('copies/app', 'latest')).toBe(second.digest);
  });
});
