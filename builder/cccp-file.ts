import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BuildRequest } from '../core/model/builder-contract.ts';
import { parseProjectName } from '../core/model/project-name.ts';
import {
  type CccpFile,
  cccpFileNames,
  longestCccpFile,
  type OwnTest,
  readCccpFile,
  unusable,
} from '../core/scanners/user-test/cccp-file.ts';
import { optionalPathInCheckout } from './checkout-path.ts';
import { DockerfileNotFoundError } from './errors.ts';
import type { BuildLog } from './log.ts';

/** A project's own test, and the folders of the checkout that its script may be meant from, the first in which it is. */
export interface ProjectTest extends OwnTest {
  folders: string[];
}

/**
 * Reads a project's `cccp.yml`: beside the Dockerfile, else in the repository's root. Values that differ from its index entry, and
 * values that cannot be used, are reported in the log; they fail no build.
 * @returns the project's own test, if it has one; a sentence with the reason where the file cannot be read
 */
export async function readProjectTest(
  checkout: string,
  { project, dockerfile }: Pick<BuildRequest, 'project' | 'dockerfile'>,
  log: BuildLog,
): Promise<ProjectTest | string | undefined> {
  const { jobId } = parseProjectName(project);
  const beside = dirname(dockerfile);
  for (const name of new Set([beside, '.'].flatMap((folder) => cccpFileNames.map((file) => join(folder, file))))) {
    const file = await readIfThere(checkout, name);
    if (file === undefined) continue;
    for (const warning of file.warnings) log.line(`warning: ${name} is not used as a whole. ${warning}`);
    if (file.jobId !== undefined && file.jobId !== jobId) {
      log.line(
        `warning: ${name} says job-id ${JSON.stringify(file.jobId)}, and the index says ${JSON.stringify(jobId)}, which counts`,
      );
    }
    if (file.unknownTest) return `Whether the project has a test cannot be read from ${name}. ${file.unknownTest}`;
    // CCCP meant it from the target file: https://github.com/CentOS/container-index/blob/master/README.md
    return file.test && { ...file.test, folders: [...new Set([beside, dirname(name), '.'])] };
  }
  return undefined;
}

async function readIfThere(checkout: string, name: string): Promise<CccpFile | undefined> {
  try {
    const path = await optionalPathInCheckout(checkout, name, 'file');
    if (path === undefined) return undefined;
    const { size } = await stat(path);
    return size > longestCccpFile ? unusable('It is too large.') : readCccpFile(await readFile(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof DockerfileNotFoundError)) throw error;
    return unusable(error.message);
  }
}
