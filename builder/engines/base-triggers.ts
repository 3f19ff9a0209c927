import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type DockerfileSummary, readDockerfile } from '../../core/bases/dockerfile.ts';
import { InvalidInputError } from '../../core/model/errors.ts';
import { imageDigestSchema } from '../../core/model/image-reference.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import { DockerfileFailedError } from '../errors.ts';
import { ownPlatform } from '../platform.ts';
import type { Finished } from '../process.ts';
import { buildFailure } from './failed-instruction.ts';
import type { Store } from './store.ts';

/** What an image's configuration says in Docker's format, the only one that has triggers. */
const configurationSchema = z
  .object({ config: z.object({ OnBuild: z.array(z.string()).nullish() }).nullish() })
  .transform(({ config }) => config?.OnBuild ?? []);

/** What `inspect` prints of an image: Buildah one object, Podman a list of them. */
const buildahSchema = z.object({ Docker: configurationSchema });
const podmanSchema = z.tuple([
  z.object({
    Id: z.string().regex(/^[0-9a-f]{64}$/),
    GraphDriver: z.object({ Name: z.string().regex(/^[a-z0-9]+$/) }),
  }),
]);
const manifestSchema = z.object({ config: z.object({ digest: imageDigestSchema }) });

/** What decides whether an engine may build an instruction. */
type Judged = Pick<DockerfileSummary, 'runOptions' | 'remoteSources'>;
type Ask = (args: string[], output?: 'log') => Promise<Finished>;

/**
 * The instructions that base images bring with them (`ONBUILD`) are judged too: they run in the build like those of the Dockerfile. An
 * image that the store does not have yet is pulled.
 * @throws DockerfileFailedError, PullLimitedError
 */
export async function triggersOf(
  store: Pick<Store, 'program' | 'folder'>,
  images: readonly string[],
  { ask, recent }: { ask: Ask; recent: readonly string[] },
): Promise<Judged> {
  const inspect = (image: string) => ask(['inspect', '--type=image', image]);
  const judged: Judged[] = [];
  for (const image of new Set(images)) {
    let found = await inspect(image);
    if (found.code !== 0) {
      const pulled = await ask(['pull', '--quiet', '--', image], 'log');
      if (pulled.code !== 0) throw buildFailure(recent);
      found = await inspect(image);
    }
    const said = jsonOf(found);
    const triggers =
      store.program === 'podman' ? await storedTriggers(store, said) : buildahSchema.safeParse(said).data?.Docker;
    if (triggers === undefined) {
      throw new DockerfileFailedError(
        `The base ${image} cannot be built from here: ${store.program} does not say which instructions it brings. Have the build started again, or choose another base.`,
      );
    }
    judged.push(judgedOf(triggers, image));
  }
  return {
    runOptions: judged.flatMap(({ runOptions }) => runOptions),
    remoteSources: judged.flatMap(({ remoteSources }) => remoteSources),
  };
}

/**
 * Podman runs the triggers of an image, and does not print them. So the image's configuration is read where Podman keeps it.
 * https://github.com/containers/storage/blob/main/images.go (`BigData`)
 */
async function storedTriggers({ folder }: Pick<Store, 'folder'>, said: unknown): Promise<string[] | undefined> {
  const [found] = podmanSchema.safeParse(said).data ?? [];
  if (!found) return undefined;
  const own = join(folder, 'root', `${found.GraphDriver.Name}-images`, found.Id);
  const manifest = manifestSchema.safeParse(parseJson(await textOf(join(own, 'manifest')))).data;
  if (!manifest) return undefined;
  const { digest } = manifest.config;
  const configuration = await textOf(join(own, `=${Buffer.from(digest).toString('base64')}`));
  const isWhole = `sha256:${createHash('sha256').update(configuration).digest('hex')}` === digest;
  return isWhole ? configurationSchema.safeParse(parseJson(configuration)).data : undefined;
}

/** Empty where there is no such file. */
function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

function judgedOf(triggers: readonly string[], image: string): Judged {
  try {
    return readDockerfile(['FROM scratch', ...triggers].join('\n'), ownPlatform());
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new DockerfileFailedError(
      `The base ${image} brings instructions that cannot be read: ${error.message} Choose another base.`,
      { cause: error },
    );
  }
}

function jsonOf({ code, stdout }: Finished): unknown {
  return code === 0 ? parseJson(stdout) : undefined;
}
