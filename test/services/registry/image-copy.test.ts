import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { copyImage } from '../../../services/registry/image-copy.ts';
import type { ImageOrigin } from '../../../services/registry/image-origin.ts';
import type { ImagePush } from '../../../services/registry/image-push.ts';
import { lastGuard } from '../../limits.ts';

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const layer = Buffer.from('a layer');
const mediaType = 'application/vnd.oci.image.manifest.v1+json';
const manifest = Buffer.from(
  JSON.stringify({ layers: [{ mediaType, digest: digestOf(layer), size: layer.length }], mediaType }),
);

/** Copies from a registry that gives these bytes. @returns what the other registry has taken */
async function copy(given: { manifest?: Buffer; layer?: Buffer }): Promise<string[]> {
  const taken: string[] = [];
  const origin: Partial<ImageOrigin> = {
    manifest: async () => ({ bytes: given.manifest ?? manifest, mediaType }),
    blob: async () => Readable.from([given.layer ?? layer]),
    referrers: async () => [],
    digestOf: async () => digestOf(manifest),
  };
  const push: Partial<ImagePush> = {
    hasBlob: async () => false,
    hasManifest: async () => false,
    digestOf: async () => undefined,
    async putBlob({ digest }, open) {
      for await (const _ of await open());
      taken.push(digest);
    },
    putManifest: async (reference) => void taken.push(reference),
  };
  const image = { repository: 'demo/app', digest: digestOf(manifest), tags: ['latest'], referrerTypes: [] };
  await copyImage(origin as ImageOrigin, push as ImagePush, image, lastGuard()).catch((error: Error) => {
    taken.push(error.message);
  });
  return taken;
}

test('an image is copied as its digest says, its tags last', async () => {
  expect(await copy({})).toEqual([digestOf(layer), digestOf(manifest), 'latest']);
});

test('another manifest than the digest says is not copied', async () => {
  expect(await copy({ manifest: Buffer.from('{"layers":[]}') })).toEqual([
    `The registry has another manifest as demo/app@${digestOf(manifest)}.`,
  ]);
});

test('nor is an image with other bytes in a layer', async () => {
  for (const other of [Buffer.from('A layer'), Buffer.from('a layer and more'), Buffer.alloc(0)]) {
    expect(await copy({ layer: other })).toEqual([`The registry gave other bytes than those of ${digestOf(layer)}.`]);
  }
});
