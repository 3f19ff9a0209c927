import { z } from 'zod';
import { readDockerfile } from '../../core/bases/dockerfile.ts';
import { InvalidInputError } from '../../core/model/errors.ts';
import { DockerfileFailedError } from '../errors.ts';
import { ownPlatform } from '../platform.ts';
import type { Finished } from '../process.ts';
import { buildFailure } from './failed-instruction.ts';

/** What `inspect` prints of an image: Buildah one object, Podman a list of them. */
const triggersSchema = z.union([
  z
    .object({ Docker: z.object({ config: z.object({ OnBuild: z.array(z.string()).nullish() }).nullish() }) })
    .transform(({ Docker }) => Docker.config?.OnBuild ?? []),
  z
    .tuple([z.object({ Config: z.object({ OnBuild: z.array(z.string()).nullish() }).nullish() })])
    .transform(([{ Config }]) => Config?.OnBuild ?? []),
]);

type Ask = (args: string[], output?: 'log') => Promise<Finished>;

/**
 * The options of the `RUN` instructions that base images bring with them (`ONBUILD`): they run in the build as if they stood in the
 * Dockerfile. An image that the store does not have yet is pulled.
 * @throws DockerfileFailedError, PullLimitedError
 */
export async function triggeredRunOptions(
  program: 'podman' | 'buildah',
  images: readonly string[],
  { ask, recent }: { ask: Ask; recent: readonly string[] },
): Promise<string[]> {
  const inspect = (image: string) =>
    ask(program === 'buildah' ? ['inspect', '--type=image', image] : ['image', 'inspect', image]);
  const options: string[] = [];
  for (const image of new Set(images)) {
    let found = await inspect(image);
    if (found.code !== 0) {
      const pulled = await ask(['pull', '--quiet', '--', image], 'log');
      if (pulled.code !== 0) throw buildFailure(recent);
      found = await inspect(image);
    }
    const triggers = triggersSchema.safeParse(jsonOf(found));
    if (!triggers.success) {
      throw new DockerfileFailedError(
        `The base ${image} cannot be built from here: ${program} does not say which instructions it brings. Have the build started again, or choose another base.`,
      );
    }
    options.push(...optionsOf(triggers.data, image));
  }
  return options;
}

function optionsOf(triggers: readonly string[], image: string): string[] {
  try {
    return readDockerfile(['FROM scratch', ...triggers].join('\n'), ownPlatform()).runOptions;
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new DockerfileFailedError(
      `The base ${image} brings instructions that cannot be read: ${error.message} Choose another base.`,
      { cause: error },
    );
  }
}

function jsonOf({ code, stdout }: Finished): unknown {
  if (code !== 0) return undefined;
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}
