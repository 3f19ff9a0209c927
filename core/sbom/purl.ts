/** A package as a package URL names it. https://github.com/package-url/purl-spec */
export interface Purl {
  type: string;
  /** With `/` between its parts. */
  namespace?: string;
  name: string;
  version?: string;
  qualifiers: ReadonlyMap<string, string>;
}

/** The parts of a package URL; undefined for what is none. */
export function parsePurl(text: string): Purl | undefined {
  const [, type, rest] = /^pkg:\/*([A-Za-z][A-Za-z0-9.+-]*)\/+([^#]+)(?:#.*)?$/is.exec(text) ?? [];
  if (!type || !rest) return undefined;
  const [whole = '', query = ''] = split(rest, rest.indexOf('?'));
  const path = whole.replace(/\/+$/, '');
  // The namespace may have an @, as npm's scopes do.
  const at = path.lastIndexOf('@');
  const [names = '', version] = at > path.lastIndexOf('/') + 1 ? split(path, at) : [path];
  try {
    const parts = names.split('/').filter(Boolean).map(decodeURIComponent);
    const name = parts.pop();
    if (!name) return undefined;
    return {
      type: type.toLowerCase(),
      ...(parts.length > 0 ? { namespace: parts.join('/') } : {}),
      name,
      ...(version ? { version: decodeURIComponent(version) } : {}),
      qualifiers: new Map(
        query.split('&').flatMap((pair) => {
          const [key = '', value = ''] = split(pair, pair.indexOf('='));
          return key && value ? [[key.toLowerCase(), decodeURIComponent(value)] as const] : [];
        }),
      ),
    };
  } catch (error) {
    // A percent sign that escapes nothing.
    if (!(error instanceof URIError)) throw error;
    return undefined;
  }
}

function split(text: string, at: number): [string, string?] {
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** The package as scanners call it: with its scope, path or group in the languages where that is a part of the name. */
export function packageNameOf({ type, namespace, name }: Purl): string {
  if (!namespace) return name;
  if (type === 'maven') return `${namespace}:${name}`;
  return ['npm', 'golang', 'composer', 'swift'].includes(type) ? `${namespace}/${name}` : name;
}

/** The version as scanners write it: rpm's epoch is a part of it, and no part of a package URL's. */
export function packageVersionOf({ version, qualifiers }: Purl): string | undefined {
  const epoch = qualifiers.get('epoch');
  return version && epoch && epoch !== '0' && !version.includes(':') ? `${epoch}:${version}` : version;
}
