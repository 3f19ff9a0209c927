import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extract } from 'tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { saveImage } from '../../../services/registry/image-archive.ts';
import { digestOf } from '../../../services/registry/image-push.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'archive-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A registry that has an image for two kinds of machine; `change` falsifies what it answers. */
function origin(change: (digest: string, bytes: Buffer) => Buffer = (_, bytes) => bytes) {
  const contents = new Map<string, Buffer>();
  const keep = (content: string | object) => {
    const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
    contents.set(digestOf(bytes), bytes);
    return { digest: digestOf(bytes), size: bytes.length };
  };
  const manifests = ['arm64', 'amd64'].map((architecture) => ({
    ...keep({ config: keep({ architecture }), layers: [keep('shared layer'), keep(`layer of ${architecture}`)] }),
    platform: { os: 'linux', architecture },
  }));
  const { digest } = keep({ manifests });
  const bytesOf = (reference: string) => change(reference, contents.get(reference) ?? Buffer.alloc(0));
  return {
    digest,
    manifests,
    manifest: async (_: string, reference: string) => ({ bytes: bytesOf(reference), mediaType: '' }),
    async blob(_: string, blob: { digest: string }) {
      return (async function* () {
        yield bytesOf(blob.digest);
      })();
    },
  };
}

const saved = (from: ReturnType<typeof origin>, processor = 'arm64') =>
  saveImage(
    from,
    { repository: 'moby/buildkit', digest: from.digest, processor, name: 'it:1' },
    join(folder, 'it.tar'),
  );

test('the archive has the image for the machine that loads it, with its name', async () => {
  await saved(origin());
  await extract({ file: join(folder, 'it.tar'), cwd: folder });
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const [{ Config, RepoTags, Layers }] = JSON.parse(read('manifest.json'));
  expect(JSON.parse(read(Config))).toEqual({ architecture: 'arm64' });
  expect(Layers.map(read)).toEqual(['shared layer', 'layer of arm64']);
  expect(RepoTags).toEqual(['it:1']);
});

test('the same image is saved as the same bytes, so that a deployment changes nothing', async () => {
  await saved(origin());
  const first = readFileSync(join(folder, 'it.tar'));
  await saved(origin());
  expect(readFileSync(join(folder, 'it.tar')).equals(first)).toBe(true);
});

test('an image that is not for the machine is refused', async () => {
  await expect(saved(origin(), 's390x')).rejects.toThrow(/is not for s390x/);
});

test.each(['index', 'manifest', 'layer'])('another %s than the digest says is not saved', async (what) => {
  const honest = origin();
  const named = {
    index: honest.digest,
    manifest: honest.manifests[0]?.digest ?? '',
    layer: digestOf(Buffer.from('shared layer')),
  };
  const from = origin((digest, bytes) =>
    digest === named[what as keyof typeof named] ? Buffer.concat([bytes, Buffer.from(' ')]) : bytes,
  );
  await expect(saved(from)).rejects.toThrow(/another manifest|other bytes/);
  expect(readdirSync(folder)).toEqual([]);
});
