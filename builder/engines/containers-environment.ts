import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../replace-file.ts';
import { authFile, type EngineCall } from './engine.ts';

/**
 * The environment of Podman and Buildah: the logins that a build has, and which registries speak plain HTTP. Each call of a build writes it
 * anew, also while an image is pushed.
 * @returns the environment of the engine's processes
 */
export async function containersEnvironment(
  { workspace, registry, env }: Pick<EngineCall, 'workspace' | 'registry' | 'env'>,
  images: readonly string[],
): Promise<Record<string, string>> {
  const paths = {
    registries: join(workspace, 'registries.conf'),
    auth: authPath(workspace),
    temporary: join(workspace, 'tmp'),
  };
  await mkdir(paths.temporary, { recursive: true });
  await storeLogin(workspace, registry);
  await replaceFile(paths.registries, registriesFile(registry, images));
  return {
    ...env,
    TMPDIR: paths.temporary,
    CONTAINERS_REGISTRIES_CONF: paths.registries,
    REGISTRY_AUTH_FILE: paths.auth,
  };
}

/** Writes the file that the engine's processes read the login from. */
export async function storeLogin(workspace: string, registry: EngineCall['registry']): Promise<void> {
  // A login may be that to one image: https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
  const login = authFile(registry, (image) => image);
  await replaceFile(authPath(workspace), login, { mode: 0o600 });
}

const authPath = (workspace: string) => join(workspace, 'auth.json');

/** Every other registry keeps TLS: `--tls-verify=false` would switch it off for all of them. */
function registriesFile(registry: EngineCall['registry'], images: readonly string[]): string {
  const plain = new Set<string>();
  if (registry.url.startsWith('http:')) plain.add(registry.host);
  for (const image of images) {
    const host = image.slice(0, image.indexOf('/'));
    if (/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(host)) plain.add(host);
  }
  return [...plain].map((host) => `[[registry]]\nlocation = ${JSON.stringify(host)}\ninsecure = true\n`).join('\n');
}
