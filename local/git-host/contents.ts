import type { ServerResponse } from 'node:http';
import type { Git } from './git-process.ts';
import { answerJson, type Call, GitHubError, notFound } from './github-http.ts';
import type { Repository } from './repositories.ts';

/** A larger file is given only as it is; in JSON its content is empty. https://docs.github.com/en/rest/repos/contents */
const maxJsonBytes = 1024 * 1024;
const maxRawBytes = 100 * 1024 * 1024;

/** GitHub's form of a commit, without its files. */
export async function commitJson(git: Git, url: string, repository: Repository, sha: string) {
  const format = '--format=%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B';
  const output = await git.run(repository.folder, ['log', '-z', '--max-count=1', format, sha]);
  const [
    tree = '',
    parents = '',
    authorName,
    authorEmail,
    authorDate,
    committerName,
    committerEmail,
    committerDate,
    message = '',
  ] = output.toString().split('\0');
  const api = `${url}/github/repos/${repository.owner}/${repository.name}`;
  const page = `${url}/git/${repository.owner}/${repository.name}`;
  return {
    url: `${api}/commits/${sha}`,
    sha,
    node_id: Buffer.from(`06:Commit${repository.id}:${sha}`).toString('base64'),
    html_url: `${page}/commit/${sha}`,
    comments_url: `${api}/commits/${sha}/comments`,
    commit: {
      url: `${api}/git/commits/${sha}`,
      author: { name: authorName, email: authorEmail, date: authorDate },
      committer: { name: committerName, email: committerEmail, date: committerDate },
      message: message.trimEnd(),
      tree: { sha: tree, url: `${api}/git/trees/${tree}` },
      comment_count: 0,
    },
    author: null,
    committer: null,
    parents: parents
      .split(' ')
      .filter((parent) => parent !== '')
      .map((parent) => ({ sha: parent, url: `${api}/commits/${parent}`, html_url: `${page}/commit/${parent}` })),
  };
}

/** Answers with a file, or with the list of a folder. */
export async function contentsOf(
  git: Git,
  { request, response }: Call,
  { url, repository, commit, path }: { url: string; repository: Repository; commit: string; path: string },
): Promise<void> {
  const clean = path.replace(/\/+$/, '');
  if (clean.split('/').some((part) => part === '.' || part === '..')) throw notFound();
  const entry =
    clean === '' ? { type: 'tree', sha: commit } : (await entriesOf(git, repository, [commit, '--', clean]))[0];
  if (!entry) throw notFound();
  const api = `${url}/github/repos/${repository.owner}/${repository.name}`;
  const form = (found: Entry) => ({
    name: found.path.split('/').at(-1),
    path: found.path,
    sha: found.sha,
    size: found.size,
    url: `${api}/contents/${found.path}?ref=${commit}`,
    git_url: `${api}/git/blobs/${found.sha}`,
    type:
      found.type === 'tree'
        ? 'dir'
        : found.type === 'commit'
          ? 'submodule'
          : found.mode === '120000'
            ? 'symlink'
            : 'file',
  });
  if (entry.type === 'tree') {
    const list = await entriesOf(git, repository, clean === '' ? [commit] : [commit, '--', `${clean}/`]);
    return answerJson(response, 200, list.map(form));
  }
  if (entry.type !== 'blob' || !('size' in entry)) throw notFound();
  const raw = /application\/vnd\.github\.(?:v3\.)?raw/.test(request.headers.accept ?? '');
  if (entry.size > maxRawBytes) throw new GitHubError(403, 'This API returns blobs up to 100 MB in size.');
  const content =
    raw || entry.size <= maxJsonBytes ? await git.run(repository.folder, ['cat-file', 'blob', entry.sha]) : undefined;
  if (raw) {
    const headers = {
      'content-type': 'application/vnd.github.raw; charset=utf-8',
      'x-content-type-options': 'nosniff',
    };
    return void response
      .writeHead(200, { ...headers, 'content-security-policy': 'sandbox', 'content-length': entry.size })
      .end(content);
  }
  const encoded = content?.toString('base64').replace(/.{60}/g, '$&\n');
  answerJson(response, 200, { ...form(entry), content: encoded ?? '', encoding: content ? 'base64' : 'none' });
}

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

interface Entry {
  mode: string;
  type: string;
  sha: string;
  size: number;
  path: string;
}

async function entriesOf(git: Git, repository: Repository, what: string[]): Promise<Entry[]> {
  const output = await git.run(repository.folder, ['ls-tree', '-z', '--long', ...what]);
  return output
    .toString()
    .split('\0')
    .flatMap((line) => {
      const [, mode = '', type = '', sha = '', size = '', path = ''] =
        /^(\d+) (\w+) ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(line) ?? [];
      return path === '' ? [] : [{ mode, type, sha, size: Number(size) || 0, path }];
    });
}
