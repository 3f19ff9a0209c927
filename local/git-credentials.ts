import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes the file from which git takes the token for a push, in the format of git's own credential helper.
 * https://git-scm.com/docs/git-credential-store#_storage_format
 */
export async function writeGitCredentials(dataFolder: string, port: number, token: string): Promise<string> {
  const path = join(dataFolder, 'git-credentials');
  const lines = ['localhost', '127.0.0.1', '[::1]'].map((host) => `http://slipway:${token}@${host}:${port}\n`);
  await writeFile(path, lines.join(''), { mode: 0o600 });
  return path;
}

/** The environment in which git takes credentials from the file. https://git-scm.com/docs/git-config#ENVIRONMENT */
export function gitCredentialEnvironment(path: string): Record<string, string> {
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'credential.helper',
    // Git has a shell read the value.
    GIT_CONFIG_VALUE_0: `store --file='${path.replaceAll("'", "'\\''")}'`,
  };
}

/** The same for a shell. */
export function gitCredentialCommand(path: string): string {
  const set = Object.entries(gitCredentialEnvironment(path)).map(([name, value]) => `${name}="${value}"`);
  return `export ${set.join(' ')}`;
}
