import { mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { authFile, type EngineRegistry } from './engine.ts';

/** What of a person's Docker configuration says which daemon and which plugins there are. Their logins are not the build's. */
const kept = z.object({ currentContext: z.string().optional(), cliPluginsExtraDirs: z.array(z.string()).optional() });

/** Docker knows one login for each host. https://docs.docker.com/reference/cli/docker/login/ */
function loginKey(image: string): string {
  const host = image.slice(0, image.indexOf('/'));
  return host === 'docker.io' ? 'https://index.docker.io/v1/' : host;
}

/**
 * A Docker configuration for one build, with the logins that it needs, beside the contexts, plugins and builders of the person who
 * runs it.
 * @returns environment variables
 */
export async function dockerConfiguration(
  workspace: string,
  env: Readonly<Record<string, string>>,
  registry: EngineRegistry,
): Promise<Record<string, string>> {
  const original = env.DOCKER_CONFIG ?? join(env.HOME ?? homedir(), '.docker');
  const text = await readFile(join(original, 'config.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  const { currentContext, cliPluginsExtraDirs = [] } = kept.parse(JSON.parse(text));
  const folder = await mkdtemp(join(workspace, 'docker-'));
  await symlink(join(original, 'contexts'), join(folder, 'contexts'));
  const config = {
    ...JSON.parse(authFile(registry, loginKey)),
    currentContext,
    cliPluginsExtraDirs: [...cliPluginsExtraDirs, join(original, 'cli-plugins')],
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  return { DOCKER_CONFIG: folder, BUILDX_CONFIG: env.BUILDX_CONFIG ?? join(original, 'buildx') };
}
