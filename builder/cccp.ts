import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BuildRequest } from '../core/build-request.ts';
import { cccpFileNames, longestCccpFile, readCccpFile } from '../core/cccp-file.ts';
import { parseProjectName } from '../core/project.ts';
import { optionalPathInCheckout } from './checkout-path.ts';
import { DockerfileNotFoundError } from './errors.ts';
import type { BuildLog } from './log.ts';

/** Says in the log what a project's `cccp.yml` has that its index entry has not. It fails no build. */
export async function checkCccpFile(
  checkout: string,
  { project, dockerfile }: Pick<BuildRequest, 'project' | 'dockerfile'>,
  log: BuildLog,
): Promise<void> {
  const { jobId } = parseProjectName(project);
  for (const name of new Set(
    [dirname(dockerfile), '.'].flatMap((folder) => cccpFileNames.map((file) => join(folder, file))),
  )) {
    const path = await optionalPathInCheckout(checkout, name, 'file').catch((error: unknown) => {
      if (!(error instanceof DockerfileNotFoundError)) throw error;
      log.line(`warning: ${error.message}`);
      return undefined;
    });
    if (path === undefined) continue;
    const { size } = await stat(path);
    const file =
      size > longestCccpFile ? { problems: ['It is too large.'] } : readCccpFile(await readFile(path, 'utf8'));
    for (const problem of file.problems) log.line(`warning: ${name} is not used in whole. ${problem}`);
    if ('jobId' in file && file.jobId !== undefined && file.jobId !== jobId) {
      log.line(
        `warning: ${name} says job-id ${JSON.stringify(file.jobId)}, and the index says ${JSON.stringify(jobId)}, which counts`,
      );
    }
    return;
  }
}
