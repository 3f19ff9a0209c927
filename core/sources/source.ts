import { InvalidInputError } from '../model/errors.ts';
import type { GitHost, HostedRepository } from '../model/git-host.ts';

/**
 * Hosts that take `Owner/App` and `owner/app` for one repository. Those whose API Slipway calls do so too: GitHub, GitLab, Forgejo and
 * Gitea all do. https://docs.github.com/en/rest/repos/repos#get-a-repository
 */
const caselessHosts = ['github.com', 'gitlab.com', 'bitbucket.org', 'codeberg.org'];
/** The names that a machine has for itself. */
const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];
/** The schemes that git has for a repository on another machine. */
const schemes = ['https', 'http', 'ssh', 'git'];

/**
 * The identity of a git repository, `host/owner/repository`. The index, an event and a person may write one repository's address
 * differently: over http, https, ssh or git; with credentials, `www.`, the scheme's own port, `.git` or a trailing slash; in another letter
 * case where the host ignores it; with another name of a machine's loopback.
 * @param gitHosts the git hosts that are configured
 * @throws InvalidInputError if the text is not the address of a repository
 */
export function sourceOf(url: string, gitHosts?: readonly GitHost[]): string {
  const source = findSource(url, gitHosts);
  if (source !== undefined) return source;
  throw new InvalidInputError(
    `"${url.slice(0, 200)}" is not a git URL. Write it as https://host/owner/repository.git.`,
  );
}

/** The same for an address of strangers; undefined if it is not one of a repository. */
export function findSource(url: string, gitHosts: readonly GitHost[] = []): string | undefined {
  const address = parse(url);
  if (!address || address.path === '') return undefined;
  const { host, path } = address;
  const isCaseless = caselessHosts.includes(host) || gitHosts.some((each) => parse(each.url)?.host === host);
  return `${host}${isCaseless ? path.toLowerCase() : path}`;
}

/** The repository at an address, with the letter case that the address has; undefined for one that is on none of the hosts. */
export function findRepository(gitHosts: readonly GitHost[], url: string): HostedRepository | undefined {
  // One host may be below another: https://example.org/gitlab and https://example.org.
  const inner = gitHosts.toSorted((one, other) => other.url.length - one.url.length);
  for (const host of inner) {
    const path = pathOn(host, url);
    if (path !== undefined) return { host, path };
  }
  return undefined;
}

function pathOn({ kind, url: hostUrl }: GitHost, url: string): string | undefined {
  const [host, address] = [parse(hostUrl), parse(url)];
  if (!host || !address || address.host !== host.host) return undefined;
  const base = `${host.path}/`;
  if (!address.path.toLowerCase().startsWith(base.toLowerCase())) return undefined;
  const path = address.path.slice(base.length);
  const parts = path.split('/');
  const isRepository = kind === 'gitlab' ? parts.length >= 2 : parts.length === 2;
  return isRepository && parts.every((part) => part !== '') ? path : undefined;
}

/** What contains a repository: its owner, a person or an organisation; on GitLab its group, and the groups that contain this one. */
export function ownersOf(source: string): string[] {
  const [host, ...path] = source.split('/');
  return path.slice(0, -1).map((_, at) => [host, ...path.slice(0, path.length - 1 - at)].join('/'));
}

function parse(url: string): { host: string; path: string } | undefined {
  // Git's scp-like form has no scheme. https://git-scm.com/docs/git-clone#_git_urls
  const [, scpHost, scpPath] = /^[\w.-]+@([\w.-]+|\[[\da-f:]+\]):(?!\/\/)\/?(.*)$/is.exec(url) ?? [];
  const written = scpHost === undefined ? url : `ssh://${scpHost}/${scpPath}`;
  const [, prefix = '', rest = ''] = /^([a-z]+):\/\/(.*)$/is.exec(written) ?? [];
  const scheme = prefix.toLowerCase();
  if (!schemes.includes(scheme)) return undefined;
  const isWeb = scheme.startsWith('http');
  // Only for web schemes does URL normalise hosts: letter case, Unicode, and numbers such as 0x7f.1.
  const parsed = URL.parse(`${isWeb ? scheme : 'https'}://${rest}`);
  if (!parsed) return undefined;
  const name = parsed.hostname.replace(/\.$/, '').replace(/^www\./, '');
  // The port of ssh or git does not say which one the host has for the web.
  const port = isWeb && parsed.port !== '' ? `:${parsed.port}` : '';
  return {
    host: `${loopbackNames.includes(name) ? 'localhost' : name}${port}`,
    path: unescaped(parsed.pathname)
      .replace(/\/+$/, '')
      .replace(/\.git$/i, ''),
  };
}

/** Without escapes of characters that need none. https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2.2 */
function unescaped(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : escaped.toUpperCase();
  });
}
