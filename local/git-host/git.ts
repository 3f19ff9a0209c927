import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { includes } from './apps.ts';
import type { Git } from './git-process.ts';
import { type CallerOf, machineLogin, type People } from './people.ts';
import { isRepositoryName, type Repositories, type Repository } from './repositories.ts';

/** `/git/<owner>/<repo>[.git]/<what git asks for>` */
const path =
  /^\/git\/(?<owner>[^/]+)\/(?<name>[^/]+?)(?:\.git)?\/(?<file>info\/refs|git-upload-pack|git-receive-pack)$/;
const services = ['git-upload-pack', 'git-receive-pack'];
const maxHeaderBytes = 16 * 1024;

/** Whether a request is one of git's own. */
export function isGitRequest(pathname: string): boolean {
  return path.test(pathname);
}

/**
 * Git over smart HTTP: `git http-backend` speaks the protocol (gzip'd bodies, protocol 2, shallow and partial clones), this hands it
 * the request and streams both ways. https://git-scm.com/docs/git-http-backend
 */
export function createGitServer(options: {
  git: Git;
  repositories: Repositories;
  people: People;
  callerOf: CallerOf;
  /** Called when a push has been worked on, before it is answered to its end. */
  pushed(repository: Repository, login: string): Promise<void>;
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { git, repositories, people, callerOf } = options;
  let greeting: Promise<Buffer> | undefined;

  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const { owner = '', name = '', file = '' } = path.exec(url.pathname)?.groups ?? {};
    if (!isRepositoryName(owner, name)) return plain(response, 404, 'Repository not found.');

    const service = file === 'info/refs' ? (url.searchParams.get('service') ?? '') : file;
    if (!services.includes(service))
      return plain(response, 403, 'Please upgrade your git client: only the smart protocol is served.');
    if ((request.method === 'GET' || request.method === 'HEAD') !== (file === 'info/refs'))
      return plain(response, 405, 'Method not allowed.');

    const isPush = service === 'git-receive-pack';
    let repository = repositories.find(owner, name);
    const caller = callerOf(request);
    // Whoever can reach the address can read what is public; a build's commands can reach it too.
    const isSecret = repository?.isPrivate ?? false;
    if (isSecret && (caller === undefined || caller === 'wrong')) return signIn(response);
    if (repository && typeof caller === 'object' && !people.canSee(repository, caller))
      return plain(response, 404, 'Repository not found.');
    if (isPush && (caller === undefined || caller === 'wrong')) return signIn(response);
    const grant = typeof caller === 'object' ? caller.grant : undefined;
    // An app reads what is public as everybody does; for the rest it needs its permission for the contents of this repository.
    if (grant && (isSecret || isPush)) {
      const isGiven = repository && grant.repositoryIds.includes(repository.id);
      if (!isGiven || !includes(grant.permissions, 'contents', isPush ? 'write' : 'read'))
        return plain(response, 403, 'Resource not accessible by integration');
    }
    const login = typeof caller === 'object' ? caller.login : owner;
    if (isPush && repository && !people.can(repository, login, 'push'))
      return plain(response, 403, `${login} may not push to ${owner}/${name}.`);
    // The first half of a push may still come to nothing: it sees an empty repository, and the second half makes the real one.
    if (!repository && isPush)
      repository = file === 'info/refs' ? await repositories.empty() : await repositories.ensure(owner, name);
    if (!repository) return plain(response, 404, 'Repository not found.');
    if (!isPush && file === 'info/refs' && request.headers['git-protocol'] === 'version=2') return greet(response);

    const finish = async () => {
      if (repository && isPush && file !== 'info/refs')
        // The machine pushes in the owner's name.
        await options.pushed(repository, login === machineLogin ? repository.owner : login);
    };
    await serve(request, response, repository, file, url.search.slice(1), finish);
  };

  /** What protocol 2 begins with is the same of all repositories. https://git-scm.com/docs/protocol-v2#_capability_advertisement */
  async function greet(response: ServerResponse): Promise<void> {
    const ask = async () => {
      const args = ['upload-pack', '--stateless-rpc', '--advertise-refs', (await repositories.empty()).folder];
      return git.run(repositories.root, args, { environment: { GIT_PROTOCOL: 'version=2' } });
    };
    greeting ??= ask().catch((error: unknown) => {
      greeting = undefined;
      throw error;
    });
    const headers = { 'content-type': 'application/x-git-upload-pack-advertisement', 'cache-control': 'no-cache' };
    response.writeHead(200, headers).end(await greeting);
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    repository: Repository,
    file: string,
    query: string,
    finish: () => Promise<void>,
  ): Promise<void> {
    const { headers } = request;
    const child = git.start(repositories.root, ['http-backend'], {
      GIT_PROJECT_ROOT: repository.folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `/${file}`,
      REQUEST_METHOD: request.method ?? 'GET',
      QUERY_STRING: query,
      CONTENT_TYPE: headers['content-type'] ?? '',
      REMOTE_ADDR: request.socket.remoteAddress ?? '',
      CONTENT_LENGTH: headers['content-length'],
      HTTP_CONTENT_ENCODING: headers['content-encoding'],
      HTTP_GIT_PROTOCOL: typeof headers['git-protocol'] === 'string' ? headers['git-protocol'] : undefined,
    });
    const ended = new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => resolve());
    });
    // When a client disconnects, its process ends; what a push has changed by then is checked all the same.
    response.once('close', () => child.kill('SIGTERM'));
    child.stderr.resume();
    child.stdin.once('error', () => request.unpipe(child.stdin).resume());
    request.pipe(child.stdin);

    const head = await headOf(child.stdout);
    if (head) {
      response.writeHead(head.status, head.headers);
      response.write(head.rest);
      child.stdout.pipe(response, { end: false });
    }
    await ended;
    await finish();
    if (head) response.end();
    else plain(response, 500, 'git ended without an answer.');
  }
}

/** Reads a CGI answer's header; undefined when the stream ends before it does. */
async function headOf(
  stream: Readable,
): Promise<{ status: number; headers: Record<string, string>; rest: Buffer } | undefined> {
  let seen = Buffer.alloc(0);
  const found = await new Promise<number>((resolve) => {
    const read = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end < 0 && seen.length < maxHeaderBytes) return;
      stream.off('data', read).pause();
      resolve(end);
    };
    stream.on('data', read).once('close', () => resolve(-1));
  });
  if (found < 0) return undefined;
  const lines = seen.subarray(0, found).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const { status = '200', ...others } = headers;
  return { status: Number.parseInt(status, 10), headers: others, rest: seen.subarray(found + 4) };
}

/** Git then asks its credential helpers, or the person. */
function signIn(response: ServerResponse): void {
  response
    .writeHead(401, { 'www-authenticate': 'Basic realm="Slipway"', 'content-type': 'text/plain; charset=utf-8' })
    .end('A push needs a name and, as the password, the token: README.md says how git finds it.\n');
}

function plain(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
}
