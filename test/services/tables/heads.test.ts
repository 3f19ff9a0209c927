import { beforeAll, describe, expect, it } from 'vitest';
import { createHeads, type Heads } from '../../../services/tables/heads.ts';
import { createTables } from '../tables.ts';

let heads: Heads;
let raw: (project: string, ref: string) => Promise<Record<string, unknown> | undefined>;

beforeAll(async () => {
  const client = createTables();
  const { GetCommand } = await import('@aws-sdk/lib-dynamodb');
  raw = async (project, ref) => (await client.send(new GetCommand({ TableName: 'heads', Key: { project, ref } }))).Item;
  heads = createHeads(client, 'heads');
});

const branch = 'refs/heads/main';
const to = (commit: string, build?: string) => ({ commit, build });

describe('the head of a ref', () => {
  it('moves on for the first of those who saw it, and for nobody else', async () => {
    const key = { project: 'demo/app:raced', ref: branch };
    const first = await Promise.all(['one', 'two', 'three'].map((id) => heads.advance(key, undefined, to('a', id))));
    expect(first.filter(Boolean)).toHaveLength(1);
    const known = await heads.get(key.project, key.ref);
    const second = await Promise.all(['four', 'five'].map((id) => heads.advance(key, known, to('b', id))));
    expect(second.filter(Boolean)).toHaveLength(1);
    expect(await heads.advance(key, known, to('c', 'six'))).toBe(false);
  });

  it('records every build that had the lease, until it is ended', async () => {
    const key = { project: 'demo/app:recorded', ref: branch };
    for (const id of ['one', 'two', 'three']) {
      await heads.advance(key, await heads.get(key.project, key.ref), to(id, id));
    }
    expect((await heads.get(key.project, key.ref))?.replaced).toEqual(new Set(['one', 'two']));
    await heads.forgetReplaced(key, ['one']);
    expect((await heads.get(key.project, key.ref))?.replaced).toEqual(new Set(['two']));
    await heads.forgetReplaced(key, ['two']);
    expect(await heads.get(key.project, key.ref)).not.toHaveProperty('replaced');
  });

  it('moves on without a build and leaves the lease with its holder', async () => {
    const key = { project: 'demo/app:passed', ref: branch };
    await heads.advance(key, undefined, to('a', 'one'));
    await heads.advance(key, await heads.get(key.project, key.ref), to('b'));
    const known = await heads.get(key.project, key.ref);
    expect(known).toMatchObject({ commit: 'b', build: 'one', revision: 2 });
    expect(known).not.toHaveProperty('replaced');
  });

  it('of a branch stays, of a tag or a pull request goes after 90 days', async () => {
    const project = 'demo/app:aging';
    const now = new Date('2026-11-21T00:00:00.000Z');
    for (const ref of [branch, 'refs/tags/v1.0.0', 'refs/pull/1/head']) {
      await heads.advance({ project, ref }, undefined, to('a', 'one'), now);
    }
    expect(await raw(project, branch)).not.toHaveProperty('expiresAt');
    for (const ref of ['refs/tags/v1.0.0', 'refs/pull/1/head'])
      expect(await raw(project, ref)).toMatchObject({ expiresAt: Date.parse('2027-02-19T00:00:00.000Z') / 1000 });
  });

  it('keeps the latest of its releases', async () => {
    const key = { project: 'demo/app:released', ref: 'refs/tags/v1.0.0' };
    const release = (headRevision: number) => ({
      build: `b${headRevision}`,
      headRevision,
      digest: 'd',
      tags: [],
      at: '',
    });
    await heads.recordRelease(key, release(1));
    expect(await heads.get(key.project, key.ref)).toBeUndefined();
    await heads.advance(key, undefined, to('a', 'b2'));
    await heads.recordRelease(key, release(2));
    await heads.recordRelease(key, release(1));
    expect((await heads.get(key.project, key.ref))?.released).toMatchObject({ build: 'b2' });
  });
});

it('the heads of many projects are read at once', async () => {
  const keys = Array.from({ length: 130 }, (_, at) => ({ project: `many/app:${at}`, ref: branch }));
  await Promise.all(keys.slice(1).map((key) => heads.advance(key, undefined, to('a', 'one'))));
  expect(await heads.getMany(keys)).toHaveLength(129);
  expect(await heads.getMany([])).toEqual([]);
});
