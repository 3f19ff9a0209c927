import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface FakeGitHost extends AsyncDisposable {
  readonly url: string;
  /** Protocol version 0 alone, in which a server hands out no commit that no ref names. */
  speaksOldProtocol: boolean;
  /** From now on a repository, or those in a folder, need this password; like GitHub it says of others that they do not exist. */
  protect(path: string, password: string): void;
  /** Commits files to a repository, made when it is new, and returns the commit's name. A value of `{ link }` is a symbolic link. */
  commit(repository: string, files: Record<string, string | Buffer | { link: string }>, branch?: string): string;
  git(repository: string, ...args: string[]): string;
  /** Makes an empty repository. */
  init(repository: string, ...options: string[]): void;
  /** Writes many refs at once, as `git update-ref --stdin` takes them. */
  update(repository: string, refs: string): void;
  /** Writes an object as it is, even one that git would not make, and returns its name. */
  object(repository: string, type: 'blob' | 'commit', content: string): string;
}

const committedAt = '2026-01-02T03:04:05Z';
const environment = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  // Nothing that is kept or sent over a network.
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'core.compression',
  GIT_CONFIG_VALUE_0: '0',
  GIT_AUTHOR_NAME: 'Author',
  GIT_AUTHOR_EMAIL: 'author@example.org',
  GIT_AUTHOR_DATE: committedAt,
  GIT_COMMITTER_NAME: 'Author',
  GIT_COMMITTER_EMAIL: 'author@example.org',
  GIT_COMMITTER_DATE: committedAt,
};

/** Repositories over smart HTTP, by git's own `http-backend`. */
export async function startFakeGitHost(): Promise<FakeGitHost> {
  const root = mkdtempSync(join(tmpdir(), 'git-host-'));
  const passwords = new Map<string, string>();
  const git = (repository: string, ...args: string[]) =>
    execFileSync('git', args, { cwd: join(root, `${repository}.git`), env: environment, encoding: 'utf8' }).trim();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://git');
    const [, password] = [...passwords].find(([path]) => url.pathname.startsWith(`/${path}`)) ?? [];
    const [, given] = Buffer.from(request.headers.authorization?.replace(/^Basic /, '') ?? '', 'base64')
      .toString()
      .split(':');
    if (password !== undefined && password !== given) {
      request.resume();
      response.writeHead(given === undefined ? 401 : 404, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const backend = spawn('git', ['http-backend'], {
      env: {
        ...environment,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_PROTOCOL: host.speaksOldProtocol ? '' : String(request.headers['git-protocol'] ?? ''),
        REQUEST_METHOD: request.method ?? '',
        PATH_INFO: url.pathname.replace(/\.git\//, '.git/.git/'),
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      },
    });
    // Git may end, as when it refuses a request, before it has read all of it.
    request.pipe(backend.stdin).on('error', () => undefined);
    const chunks: Buffer[] = [];
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    backend.on('close', () => {
      const answer = Buffer.concat(chunks);
      const end = answer.indexOf('\r\n\r\n');
      const headers = answer
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => line.split(/: (.*)/s));
      for (const [name = '', value = ''] of headers) {
        if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.end(answer.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host: FakeGitHost = {
    speaksOldProtocol: false,
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    git,
    protect: (path, password) => void passwords.set(path, password),
    init(repository, ...options) {
      mkdirSync(join(root, `${repository}.git`), { recursive: true });
      git(repository, 'init', '--quiet', '--initial-branch=main', ...options);
    },
    update: (repository, input) =>
      void execFileSync('git', ['update-ref', '--stdin'], {
        cwd: join(root, `${repository}.git`),
        env: environment,
        input,
      }),
    object: (repository, type, input) =>
      execFileSync('git', ['hash-object', '--literally', '-t', type, '-w', '--stdin'], {
        cwd: join(root, `${repository}.git`),
        env: environment,
        encoding: 'utf8',
        input,
      }).trim(),
    commit(repository, files, branch = 'main') {
      const folder = join(root, `${repository}.git`);
      if (mkdirSync(folder, { recursive: true })) git(repository, 'init', '--quiet', `--initial-branch=${branch}`);
      else git(repository, 'checkout', '--quiet', '-B', branch);
      for (const [path, content] of Object.entries(files)) {
        const file = join(folder, path);
        mkdirSync(dirname(file), { recursive: true });
        rmSync(file, { force: true });
        if (typeof content === 'object' && 'link' in content) symlinkSync(content.link, file);
        else writeFileSync(file, content, { mode: typeof content === 'string' ? 0o644 : 0o755 });
      }
      git(repository, 'add', '--all');
      git(repository, 'commit', '--quiet', '--allow-empty', '--message', 'change');
      return git(repository, 'rev-parse', 'HEAD');
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(root, { recursive: true, force: true });
    },
  };
  return host;
}
