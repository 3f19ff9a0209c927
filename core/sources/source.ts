import { InvalidInputError } from '../model/errors.ts';

/**
 * Hosts that take `Owner/App` and `owner/app` for one repository. The operator's own git host is one too, because it speaks GitHub's API.
 * https://docs.github.com/en/rest/repos/repos#get-a-repository
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
 * @param gitHost the address of the operator's own git host
 * @throws InvalidInputError if the text is not the address of a repository
 */
export function sourceOf(url: string, gitHost?: string): string {
  const source = findSource(url, gitHost);
  if (source !== undefined) return source;
  throw new InvalidInputError(
    `"${url.slice(0, 200)}" is not a git URL. Write it as https://host/owner/repository.git.`,
  );
}

/** The same for an address of strangers; undefined if it is not one of a repository. */
export function findSource(url: string, gitHost?: string): string | undefined {
  const address = parse(url);
  if (!address || address.path === '') return undefined;
  const { host, path } = address;
  const isCaseless = caselessHosts.includes(host) || (gitHost !== undefined && parse(gitHost)?.host === host);
  return `${host}${isCaseless ? path.toLowerCase() : path}`;
}

/** `owner/name` of a repository on the git host, with the letter case that the address has; undefined for one elsewhere. */
export function repositoryOn(gitHost: string, url: string): string | undefined {
  const [host, address] = [parse(gitHost), parse(url)];
  if (!host || !address || address.host !== host.host) return undefined;
  const base = `${host.path}/`;
  if (!address.path.toLowerCase().startsWith(base.toLowerCase())) return undefined;
  const [owner, name, ...rest] = address.path.slice(base.length).split('/');
  return owner && name && rest.length === 0 ? `${owner}/${name}` : undefined;
}

/** What contains a repository: at GitHub its owner, a person or an organisation. */
export function ownerOf(source: string): string {
  return source.slice(0, source.lastIndexOf('/'));
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
