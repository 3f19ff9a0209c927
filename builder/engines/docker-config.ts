import { mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { Registry } from '../../services/registry/registry-client.ts';
import { authFile } from './engine.ts';

/** What of a person's Docker configuration says which daemon and which plugins there are. Their logins are not the build's. */
const kept = z.object({ currentContext: z.string().optional(), cliPluginsExtraDirs: z.array(z.string()).optional() });

/**
 * A Docker configuration for one build, with the one login that it needs, beside the contexts, plugins and builders of the person who
 * runs it.
 * @returns environment variables
 */
export async function dockerConfiguration(
  workspace: string,
  env: Readonly<Record<string, string>>,
  registry: Registry,
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
    ...JSON.parse(authFile(registry)),
    currentContext,
    cliPluginsExtraDirs: [...cliPluginsExtraDirs, join(original, 'cli-plugins')],
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  return { DOCKER_CONFIG: folder, BUILDX_CONFIG: env.BUILDX_CONFIG ?? join(original, 'buildx') };
}
