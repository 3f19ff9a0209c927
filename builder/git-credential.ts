import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface GitCredential {
  /** The repository or folder that it opens. */
  url: string;
  /** The header that opens it. */
  authorization: string;
}

/**
 * Gives git a credential in a file that is there only until the source is fetched: arguments and environments are shown to other processes.
 * Git sends it to the address that it is for, and below, also for submodules; for git a repository with and without `.git` are two
 * addresses, for hosts they are one (`opensUrl`). https://git-scm.com/docs/git-config#Documentation/git-config.txt-httplturlgt
 */
export async function keepCredential(
  credential: GitCredential | undefined,
  workspace: string,
): Promise<{ settings: readonly string[] } & AsyncDisposable> {
  const path = join(workspace, 'git-credential');
  if (credential) {
    const { url, authorization } = credential;
    const name = url.replace(/\/+$/, '').replace(/\.git$/, '');
    const header = `\textraHeader = ${quoted(`Authorization: ${authorization}`)}\n`;
    const text = [name, `${name}.git`].map((each) => `[http ${quoted(each)}]\n${header}`).join('');
    await writeFile(path, text, { mode: 0o600 });
  }
  return {
    settings: credential ? [`include.path=${path}`] : [],
    [Symbol.asyncDispose]: () => rm(path, { force: true }),
  };
}

/** As git's configuration files have texts. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
