import { createWriteStream } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import * as z from 'zod';
import { InvalidInputError, UpstreamError } from '../../core/model/errors.ts';
import { imageDigestSchema } from '../../core/model/image-reference.ts';
import { verified } from './image-copy.ts';
import type { ImageOrigin } from './image-origin.ts';
import { digestOf } from './image-push.ts';

interface SavedImage {
  repository: string;
  digest: string;
  /** As Docker names it: `arm64`, `amd64`. */
  processor: string;
  /** The name that it has when it is loaded. */
  name: string;
}

const descriptorSchema = z.object({ digest: imageDigestSchema, size: z.int().nonnegative() });
const indexSchema = z.object({
  manifests: z.array(
    descriptorSchema.extend({ platform: z.object({ os: z.string(), architecture: z.string() }).optional() }),
  ),
});
const imageSchema = z.object({ config: descriptorSchema, layers: z.array(descriptorSchema) });

/**
 * Saves an image for one kind of machine as `docker save` does, for `docker load`. Every byte is checked against the image's digest.
 * https://github.com/moby/docker-image-spec/blob/main/spec.md#combined-image-json--filesystem-changeset-format
 */
export async function saveImage(
  origin: Pick<ImageOrigin, 'manifest' | 'blob'>,
  { repository, digest, processor, name }: SavedImage,
  file: string,
): Promise<void> {
  async function manifest(reference: string): Promise<unknown> {
    const { bytes } = await origin.manifest(repository, reference);
    if (digestOf(bytes) !== reference) throw new UpstreamError(`The registry has another manifest as ${reference}.`);
    return JSON.parse(bytes.toString('utf8'));
  }

  const top = await manifest(digest);
  const index = indexSchema.safeParse(top);
  const own = index.data?.manifests.find(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === processor,
  );
  if (index.success && !own) throw new InvalidInputError(`The image ${repository}@${digest} is not for ${processor}.`);
  const { config, layers } = imageSchema.parse(own ? await manifest(own.digest) : top);

  const folder = await mkdtemp(join(dirname(file), `${basename(file)}-`));
  try {
    const save = async (blob: z.infer<typeof descriptorSchema>, suffix: string) => {
      const saved = `${blob.digest.slice('sha256:'.length)}${suffix}`;
      await pipeline(verified(await origin.blob(repository, blob), blob), createWriteStream(join(folder, saved)));
      return saved;
    };
    const saved = { Config: await save(config, '.json'), RepoTags: [name], Layers: [] as string[] };
    for (const layer of layers) saved.Layers.push(await save(layer, '.tar.gz'));
    await writeFile(join(folder, 'manifest.json'), JSON.stringify([saved]));
    const archive = join(folder, 'archive.tar');
    const files = ['manifest.json', saved.Config, ...new Set(saved.Layers)];
    // The same bytes for the same image, so that a deployment is not another one.
    await create({ file: archive, cwd: folder, portable: true, mtime: new Date(0) }, files);
    await rename(archive, file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
