import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LayerContent } from '../../../services/registry/layer-tar.ts';
import { haveSameContent, type ImageSource } from '../../../services/registry/same-content.ts';

interface LayerOptions {
  format?: 'pax' | 'gnu' | 'ustar';
  /** The time of every file. */
  seconds?: number;
  content?: string;
  mode?: number;
  /** Further options of tar. */
  options?: string[];
}

/** A layer as tar makes it. */
function layer({
  format = 'pax',
  seconds = 1_700_000_000,
  content = 'text',
  mode = 0o644,
  options = [],
}: LayerOptions = {}): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'image-contents-'));
  try {
    const root = join(folder, 'root');
    const long = join(root, 'a'.repeat(90), format === 'ustar' ? 'b' : 'b'.repeat(120));
    mkdirSync(long, { recursive: true });
    const files = { file: join(root, 'file'), long: join(long, 'long'), large: join(root, 'large') };
    writeFileSync(files.file, content);
    writeFileSync(files.long, 'a file with a long path');
    writeFileSync(files.large, 'x'.repeat(1_000_000));
    chmodSync(files.file, mode);
    linkSync(files.file, join(root, 'hard'));
    symlinkSync('file', join(root, 'soft'));
    for (const file of Object.values(files)) utimesSync(file, seconds + 0.25, seconds + 0.75);
    return execFileSync(
      'tar',
      [`--format=${format}`, '--sort=name', '--numeric-owner', ...options, '-C', root, '-cf', '-', '.'],
      {
        maxBuffer: 100_000_000,
      },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function contentOf(tar: Buffer, pieces = tar.length): string {
  const content = new LayerContent();
  for (let at = 0; at < tar.length; at += pieces) content.write(tar.subarray(at, at + pieces));
  return content.digest();
}

describe('the content of a layer', () => {
  it.each(['pax', 'gnu', 'ustar'] as const)('is the same whatever the times of its files are, as %s', (format) => {
    const [one, other] = [layer({ format }), layer({ format, seconds: 1_800_000_000 })];
    expect(one.equals(other)).toBe(false);
    expect(contentOf(other)).toBe(contentOf(one));
  });

  it('is the same where only one of them has fractions of seconds', () => {
    expect(contentOf(layer({ options: ['--mtime=@1700000000'] }))).toBe(contentOf(layer()));
  });

  it.each<[string, LayerOptions]>([
    ['a file has another content of the same length', { content: 'tixt' }],
    ['a file has another length', { content: 'texts' }],
    ['a file has another mode', { mode: 0o4755 }],
    ['the files have another owner', { options: ['--owner=1000'] }],
    ['a file is not there', { options: ['--exclude=./soft'] }],
    ['files have an attribute more', { options: ['--pax-option=SCHILY.xattr.security.capability=x'] }],
    ['another path has the same file', { options: ['--transform=s/large/lerge/'] }],
  ])('is another one where %s', (_, options) => {
    expect(contentOf(layer(options))).not.toBe(contentOf(layer()));
  });

  it.each([1, 7, 511, 512, 513, 65_536])('is the same when it comes in pieces of %i bytes', (pieces) => {
    const tar = layer();
    expect(contentOf(tar, pieces)).toBe(contentOf(tar));
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no tar', Buffer.from('<html>'.repeat(1000))],
    ['a header that promises more than there is', layer().subarray(0, 3_000)],
    ['sizes that are no numbers', Buffer.alloc(10_240, 0xff)],
  ])('has a hash also of %s, and another one than a layer', (_, bytes) => {
    expect(contentOf(bytes)).toMatch(/^[0-9a-f]{64}$/);
    expect(contentOf(bytes)).not.toBe(contentOf(layer()));
  });
});

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Images in memory; each is put in with its configuration and its layers. */
function createStore() {
  const documents = new Map<string, unknown>();
  const blobs = new Map<string, Buffer>();
  const read: string[] = [];
  const source: ImageSource = {
    json: async (_repository, _kind, digest) => documents.get(digest),
    async blob(_repository, digest) {
      read.push(digest);
      return new Blob([new Uint8Array(blobs.get(digest) ?? [])]).stream();
    },
  };
  return {
    source,
    /** The layers that were read. */
    read,
    put(layers: Buffer[], over: { config?: object; manifest?: object; mediaType?: string } = {}) {
      const config = {
        architecture: 'amd64',
        created: '2026-01-01T00:00:00Z',
        config: { Labels: { 'org.opencontainers.image.revision': 'a' }, Env: ['PATH=/bin'] },
        history: [{ comment: 'FROM 8ddbbecd2dd1' }],
        rootfs: { diff_ids: layers.map(digestOf) },
        ...over.config,
      };
      const mediaType = over.mediaType ?? 'application/vnd.oci.image.layer.v1.tar+gzip';
      const descriptors = layers.map((bytes) => {
        blobs.set(digestOf(bytes), bytes);
        return { mediaType, digest: digestOf(bytes), size: bytes.length };
      });
      const configDigest = digestOf(Buffer.from(JSON.stringify(config)));
      documents.set(configDigest, config);
      const manifest = { schemaVersion: 2, config: { digest: configDigest }, layers: descriptors, ...over.manifest };
      const digest = digestOf(Buffer.from(JSON.stringify(manifest)));
      documents.set(digest, manifest);
      return { repository: 'demo/app', digest };
    },
  };
}

describe('two images', () => {
  const base = gzipSync('the base, which nobody reads');
  const early = gzipSync(layer());
  const late = gzipSync(layer({ seconds: 1_800_000_000 }));

  it('are the same where only times and the notes of the engine differ, and only layers that differ are read', async () => {
    const { source, put, read } = createStore();
    const one = put([base, early]);
    const other = put([base, late], {
      config: { created: '2026-02-02T00:00:00Z', history: [{ comment: 'FROM c88c7d555e30' }] },
    });
    expect(one.digest).not.toBe(other.digest);
    expect(await haveSameContent(source, one, other)).toBe(true);
    expect(read.sort()).toEqual([digestOf(early), digestOf(late)].sort());
  });

  it('are the same however their layers are packed', async () => {
    const { source, put } = createStore();
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+zstd';
    const pack = (seconds: number) => zstdCompressSync(layer({ seconds }));
    const [one, other] = [put([pack(1)], { mediaType }), put([pack(2)], { mediaType })];
    expect(await haveSameContent(source, one, other)).toBe(true);
  });

  it.each<[string, Parameters<ReturnType<typeof createStore>['put']>]>([
    ['a file differs', [[base, gzipSync(layer({ content: 'evil' }))]]],
    ['there is one layer more', [[base, early, late]]],
    ['there is one layer less', [[base]]],
    [
      'a label differs',
      [[base, late], { config: { config: { Labels: { 'org.opencontainers.image.revision': 'b' } } } }],
    ],
    ['a variable is gone', [[base, late], { config: { config: {} } }]],
    ['an annotation differs', [[base, late], { manifest: { annotations: { a: 'b' } } }]],
    ['a layer is broken', [[base, late.subarray(0, 1000)]]],
    ['a layer is no archive', [[base, Buffer.from('garbage')]]],
    [
      'a layer says that it is too large to be read',
      [
        [base, late],
        {
          manifest: {
            layers: [base, late].map((bytes) => ({ mediaType: 'gzip', digest: digestOf(bytes), size: 3e9 })),
          },
        },
      ],
    ],
    ['it is an index', [[base, early], { manifest: { layers: undefined, manifests: [] } }]],
  ])('are not the same where %s', async (_, image) => {
    const { source, put } = createStore();
    expect(await haveSameContent(source, put([base, early]), put(...image))).toBe(false);
  });

  it('are not the same where one is not there', async () => {
    const { source, put } = createStore();
    const absent = { repository: 'demo/app', digest: `sha256:${'0'.repeat(64)}` };
    expect(await haveSameContent(source, put([base]), absent)).toBe(false);
  });
});
