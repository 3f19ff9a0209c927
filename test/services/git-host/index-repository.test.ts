import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../core/model/errors.ts';
import { createGitHosts } from '../../../services/git-host/hosts.ts';
import { createIndexRepository, IndexTooSlowError } from '../../../services/git-host/index-repository.ts';
import type { RepositoryApi } from '../../../services/git-host/repository-api.ts';
import { testLimit } from '../../limits.ts';
import { startHost } from '../http.ts';

const commit = 'a'.repeat(40);
type Entry = { path: string; text?: string; type?: 'File' | 'SymbolicLink' | 'Directory' };

/** An archive as git hosts give it: everything in one folder. */
function archive(...entries: Entry[]): Buffer {
  const parts = entries.flatMap(({ path, text = '', type = 'File' }) => {
    const size = type === 'File' ? Buffer.byteLength(text) : 0;
    const linkpath = type === 'SymbolicLink' ? { linkpath: text } : {};
    const header = new Header({
      path: `slipway-index-${commit.slice(0, 7)}/${path}`,
      size,
      type,
      mode: 0o644,
      ...linkpath,
    });
    header.encode();
    const body = Buffer.alloc(Math.ceil(size / 512) * 512);
    if (size > 0) body.write(text);
    return [header.block ?? Buffer.alloc(0), body];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

const one = { path: 'index.d/one.yml', text: 'Projects: []\n' };
const two = { path: 'index.d/two.yaml', text: 'Projects: [größe]\n' };

function repositoryAt(apiUrl: string, token?: string): RepositoryApi {
  const host = { kind: 'github', url: 'https://git.example', apiUrl } as const;
  const found = createGitHosts([host], async () => token).repositoryAt('https://git.example/slipway/index');
  if (!found) throw new Error('It is on the host.');
  return found;
}

async function read(answer: (response: ServerResponse) => void, token?: string) {
  await using host = await startHost((_, response) => answer(response));
  const files = await createIndexRepository(repositoryAt(host.url, token)).filesAt(commit);
  return { files, requests: host.requests };
}
const readArchive = async (...entries: Entry[]) =>
  (await read((response) => void response.end(gzipSync(archive(...entries))))).files;

describe('the index at a commit', () => {
  it('has the files of index.d, in the order of their names', async () => {
    const { files, requests } = await read((response) => void response.end(gzipSync(archive(two, one))));
    expect(files).toEqual([one, two]);
    expect(requests).toMatchObject([{ method: 'GET', path: `/repos/slipway/index/tarball/${commit}` }]);
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('has its policy and its VEX documents, too, and nothing else', async () => {
    const policy = { path: 'policy.yml', text: 'policy: {}\n' };
    const vex = { path: 'vex/one.json', text: '{}' };
    const others = ['README.md', 'vex/notes.txt', 'vex/old/one.json', 'src/policy.yml'].map((path) => ({
      path,
      text: 'x',
    }));
    expect(await readArchive(...others, vex, policy, one)).toEqual([one, policy, vex]);
  });

  it('has an empty text, which nobody can read, for a link instead of its policy or of a VEX document', async () => {
    const links = ['policy.yml', 'vex/one.json', 'index.d/two.yml'].map((path) => ({
      path,
      text: 'elsewhere',
      type: 'SymbolicLink' as const,
    }));
    expect(await readArchive(one, ...links)).toEqual([
      one,
      { path: 'policy.yml', text: '' },
      { path: 'vex/one.json', text: '' },
    ]);
  });

  it('is requested with the token where there is one, and the token goes no further', async () => {
    await using elsewhere = await startHost((_, response) => void response.end(gzipSync(archive(one))));
    const { files, requests } = await read(
      (response) => void response.writeHead(302, { location: `${elsewhere.url}/archive` }).end(),
      'the-token',
    );
    expect(files).toEqual([one]);
    expect(requests[0]?.headers.authorization).toBe('Bearer the-token');
    expect(elsewhere.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('has no other files, whatever their names pretend', async () => {
    const tricks = [
      'index.d/../../etc/passwd.yml',
      '../index.d/x.yml',
      'index.d/sub/x.yml',
      'x/index.d/y.yml',
      'README.md',
    ];
    const files = await readArchive(
      one,
      ...tricks.map((path) => ({ path, text: 'trick' })),
      { path: 'index.d/link.yml', text: '/etc/passwd', type: 'SymbolicLink' },
      { path: 'index.d/folder.yml', type: 'Directory' },
    );
    expect(files).toEqual([one]);
  });

  it('may be empty', async () => {
    expect(await readArchive({ path: 'README.md', text: 'nothing' })).toEqual([]);
  });
});

describe('an index that is not there whole is an error, never a smaller index', () => {
  const large = Array.from({ length: 20 }, (_, at) => ({
    path: `index.d/${at}.yml`,
    text: randomBytes(4000).toString('base64'),
  }));
  const whole = gzipSync(archive(...large));
  const plain = archive(...large);
  const answers: [string, (response: ServerResponse) => void][] = [
    ['an unknown commit', (response) => void response.writeHead(404).end('{"message":"Not Found"}')],
    ['a host in trouble', (response) => void response.writeHead(502).end('<html>')],
    ['a page instead of an archive', (response) => void response.end(`<html>${'x'.repeat(2000)}</html>`)],
    ['a short text instead of an archive', (response) => void response.end('not found')],
    ['nothing at all', (response) => void response.end()],
    ['half of an archive', (response) => void response.end(whole.subarray(0, whole.length / 2))],
    ['half of an archive that is not packed', (response) => void response.end(plain.subarray(0, 512 * 60 + 100))],
    ['an archive that ends between two files', (response) => void response.end(plain.subarray(0, 512 * 12))],
    [
      'a connection that breaks',
      (response) => {
        response.writeHead(200, { 'content-length': whole.length });
        response.write(whole.subarray(0, whole.length / 2), () => response.destroy());
      },
    ],
  ];
  it.each(answers)('%s', async (_, answer) => {
    await expect(read(answer)).rejects.toThrow();
  });

  it('an archive that unpacks to more than an index can be', async () => {
    const packed = gzipSync(archive({ path: 'index.d/huge.yml', text: 'x'.repeat(20_000) }));
    await using host = await startHost((_, response) => void response.end(packed));
    const index = createIndexRepository(repositoryAt(host.url));
    expect(await index.filesAt(commit, 20_000)).toHaveLength(1);
    await expect(index.filesAt(commit, 19_999)).rejects.toThrow(/larger than/);
  });

  it('an archive whose other files unpack to more than an index can be, though they are skipped', async () => {
    // What the same blob under many names packs to.
    const piece = gzipSync(Buffer.alloc(8 * 1024 * 1024));
    const header = new Header({ path: 'slipway-index/large.bin', size: 3 * 2 ** 30, type: 'File', mode: 0o644 });
    header.encode();
    let sent = 0;
    const answer = (response: ServerResponse) => {
      response.write(gzipSync(header.block ?? Buffer.alloc(0)));
      for (; sent < 384; sent += 1) response.write(piece);
      response.end();
    };
    await using host = await startHost((_, response) => answer(response));
    // On a busy machine half a gigabyte takes longer than a planner has.
    const index = createIndexRepository(repositoryAt(host.url), testLimit);
    await expect(index.filesAt(commit)).rejects.toThrow(/more than \d+ bytes when it is unpacked/);
  });

  it('an archive of more files than an index can have', async () => {
    const empty = archive({ path: 'docs/empty', text: '' }).subarray(0, 512);
    const many = gzipSync(Buffer.concat([...Array(100_001).fill(empty), Buffer.alloc(1024)]));
    await expect(read((response) => void response.end(many))).rejects.toThrow(/more than 100000 files/);
  });

  it('an archive that does not come in time', async () => {
    await using slow = await startHost((_, response) => void response.write(whole.subarray(0, 100)));
    const index = createIndexRepository(repositoryAt(slow.url), 500);
    const reading = index.filesAt(commit);
    await expect(reading).rejects.toThrow(/was not read within/);
    await expect(reading).rejects.toBeInstanceOf(IndexTooSlowError);
  });

  it('a host that does not answer at all: it is down, not slow', async () => {
    await using silent = await startHost(() => undefined);
    const index = createIndexRepository(repositoryAt(silent.url), 50);
    const reading = index.filesAt(commit);
    await expect(reading).rejects.toThrow(/did not answer within 0.05 s/);
    await expect(reading).rejects.not.toBeInstanceOf(IndexTooSlowError);
  });

  it('a host that names its answer', async () => {
    await expect(read((response) => void response.writeHead(404).end())).rejects.toThrow(UpstreamError);
    await expect(read((response) => void response.writeHead(404).end())).rejects.toThrow(/answered 404/);
  });
});
