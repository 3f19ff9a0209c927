import { link, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { create } from 'tar';

/** What a scanner reads of an image. */
export interface ImageContent {
  digest: string;
  mediaType: string;
  manifest: Buffer;
  config: Blob;
  layers: Blob[];
}

interface Blob {
  digest: string;
  file: string;
}

/**
 * An image as an OCI layout in a new folder below `parent`, which is on the disk of the blobs: they are linked, not copied.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export async function writeLayout(parent: string, image: ImageContent): Promise<string> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(parent, 'layout-'));
  const target = async (digest: string): Promise<string> => {
    const [algorithm = '', hex = ''] = digest.split(':');
    await mkdir(path.join(folder, 'blobs', algorithm), { recursive: true });
    return path.join(folder, 'blobs', algorithm, hex);
  };
  await writeFile(await target(image.digest), image.manifest);
  for (const blob of uniqueBlobs(image)) await link(blob.file, await target(blob.digest));
  const { mediaType, digest, manifest } = image;
  const manifests = [{ mediaType, digest, size: manifest.length }];
  await writeFile(path.join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  await writeFile(path.join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return folder;
}

/** The archive that `docker save` writes, in the folder of the image's layout, for a scanner that reads nothing else. */
export async function writeArchive(layout: string, image: ImageContent): Promise<string> {
  const pathOf = (blob: Blob): string => path.join('blobs', ...blob.digest.split(':'));
  const content = [{ Config: pathOf(image.config), RepoTags: ['scanned:latest'], Layers: image.layers.map(pathOf) }];
  await writeFile(path.join(layout, 'manifest.json'), JSON.stringify(content));
  const file = path.join(layout, 'image.tar');
  await create({ file, cwd: layout, portable: true }, ['manifest.json', ...uniqueBlobs(image).map(pathOf)]);
  return file;
}

function uniqueBlobs({ config, layers }: ImageContent): Blob[] {
  return [...new Map([config, ...layers].map((blob) => [blob.digest, blob])).values()];
}
