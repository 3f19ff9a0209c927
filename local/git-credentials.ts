import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where git finds the token that a push to the machine needs. */
export interface GitLogin {
  /** `http://localhost:4600` */
  url: string;
  /** A file in the format of git's own credential helper. https://git-scm.com/docs/git-credential-store#_storage_format */
  gitCredentials: string;
}

export async function writeGitCredentials(dataFolder: string, url: string, token: string): Promise<string> {
  const path = join(dataFolder, 'git-credentials');
  await writeFile(path, `${url.replace('//', `//slipway:${token}@`)}\n`, { mode: 0o600 });
  return path;
}

/**
 * The environment in which git signs in at the machine. It names the machine's address, so that git does not store other hosts'
 * passwords in the file. https://git-scm.com/docs/git-config#ENVIRONMENT
 */
export function gitLoginEnvironment({ url, gitCredentials }: GitLogin): Record<string, string> {
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `credential.${url}.helper`,
    // Git has a shell read the value.
    GIT_CONFIG_VALUE_0: `store --file='${gitCredentials.replaceAll("'", "'\\''")}'`,
  };
}

/** The same for a shell. */
export function gitLoginCommand(login: GitLogin): string {
  const set = Object.entries(gitLoginEnvironment(login)).map(([name, value]) => `${name}="${value}"`);
  return `export ${set.join(' ')}`;
}
