import type { ServerResponse } from 'node:http';
import type { Git } from './git-process.ts';
import type { Repository } from './repositories.ts';

/** Streams the commit as GitHub packs it: everything below one folder `<owner>-<repo>-<sha7>`. */
export async function sendArchive(
  git: Git,
  response: ServerResponse,
  repository: Repository,
  commit: string,
): Promise<void> {
  const name = `${repository.owner}-${repository.name}-${commit.slice(0, 7)}`;
  const child = git.start(repository.folder, ['archive', '--format=tar.gz', `--prefix=${name}/`, commit]);
  child.stdin.end();
  child.stderr.resume();
  response.writeHead(200, {
    'content-type': 'application/x-gzip',
    'content-disposition': `attachment; filename=${name}.tar.gz`,
  });
  const failed = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(true));
    child.once('close', (code) => resolve(code !== 0));
  });
  response.once('close', () => child.kill('SIGTERM'));
  child.stdout.pipe(response, { end: false });
  // An archive that is cut short must not look whole.
  if (await failed) response.destroy();
  else response.end();
}
