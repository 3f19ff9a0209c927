import type { Distribution, InstalledPackage, PackageRepository } from '../model/package-list.ts';

/** A file of the image, by its path from the root. */
export interface ConfigurationFile {
  path: string;
  text: string;
}

/**
 * The binary repositories of `sources.list` files and of deb822 `.sources` files.
 * https://manpages.debian.org/stable/apt/sources.list.5.en.html
 */
export function parseAptSources(files: readonly ConfigurationFile[], architecture: string): PackageRepository[] {
  return files.flatMap(({ path, text }) =>
    path.endsWith('.sources') ? parseDeb822(text, architecture) : parseOneLine(text, architecture),
  );
}

function parseOneLine(text: string, architecture: string): PackageRepository[] {
  return lines(text).flatMap((line) => {
    const [, options = '', url = '', suite = '', components = ''] =
      /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line) ?? [];
    const only = /(?:^|\s)arch=(\S+)/.exec(options)?.[1]?.split(',');
    if (url === '' || (only && !only.includes(architecture))) return [];
    return [aptRepository(url, suite, words(components), architecture)];
  });
}

function parseDeb822(text: string, architecture: string): PackageRepository[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(/\n(?:[ \t]*\n)+/)
    .flatMap((paragraph) => {
      // A line that begins with a space continues the field before it.
      const whole = paragraph.replace(/^#.*\n?/gm, '').replace(/\n[ \t]+/g, ' ');
      const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'mi').exec(whole)?.[1]?.trim();
      const only = field('Architectures');
      if (!words(field('Types') ?? '').includes('deb') || /^(?:no|false|0)$/i.test(field('Enabled') ?? '')) return [];
      if (only && !words(only).includes(architecture)) return [];
      const components = words(field('Components') ?? '');
      return words(field('URIs') ?? '').flatMap((url) =>
        words(field('Suites') ?? '').map((suite) => aptRepository(url, suite, components, architecture)),
      );
    });
}

function aptRepository(
  url: string,
  suite: string,
  components: string[],
  architecture: string,
): PackageRepository & { type: 'apt' } {
  return {
    type: 'apt',
    url: withoutSlash(url),
    suite: suite.replaceAll('$(ARCH)', architecture),
    components: [...new Set(components)],
  };
}

/**
 * The names of packages that apt keeps at a version. Pins of whole releases are left to the repositories' `NotAutomatic`.
 * https://manpages.debian.org/stable/apt/apt_preferences.5.en.html
 */
export function parseAptPins(files: readonly ConfigurationFile[]): string[] {
  return files.flatMap(({ text }) =>
    text.split(/\n(?:[ \t]*\n)+/).flatMap((paragraph) => {
      if (!/^Pin:[ \t]*version\b/im.test(paragraph)) return [];
      return words(/^Package:[ \t]*(.*)$/im.exec(paragraph)?.[1] ?? '');
    }),
  );
}

/**
 * Repositories with a tag are left out: apk takes from them only packages that are requested with the tag.
 * https://wiki.alpinelinux.org/wiki/Repositories
 */
export function parseApkRepositories(text: string): PackageRepository[] {
  return lines(text)
    .filter((line) => /^https?:/.test(line))
    .map((line) => ({ type: 'apk', url: withoutSlash(line) }));
}

/** The packages that `/etc/apk/world` binds to a version, or to a repository with a tag. */
export function parseApkPins(world: string): string[] {
  return world.split(/\s+/).flatMap((word) => /^([^=<>~@]+)(?:=|<|~|@)/.exec(word)?.[1] ?? []);
}

/**
 * The repositories of yum and dnf that are enabled.
 * https://dnf.readthedocs.io/en/latest/conf_ref.html#repo-options
 */
export function parseRpmRepositories(
  files: readonly ConfigurationFile[],
  variables: Readonly<Record<string, string>>,
): PackageRepository[] {
  const expand = (text: string) =>
    text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
      return variables[(braced ?? bare ?? '').toLowerCase()] ?? whole;
    });
  return files.flatMap(({ text }) =>
    sections(text).flatMap(({ name: id, values }): PackageRepository[] => {
      if (id === 'main' || /^(?:0|no|false|off)$/i.test(values.enabled ?? '1')) return [];
      const urls = expand(values.baseurl ?? '')
        .split(/[\s,]+/)
        .filter((url) => /^https?:/.test(url))
        .map(withoutSlash);
      if (urls.length > 0) return [{ type: 'rpm', id, urls }];
      const mirrors = values.metalink ?? values.mirrorlist;
      return mirrors === undefined ? [] : [{ type: 'rpm-mirrors', id, url: expand(mirrors) }];
    }),
  );
}

/** The patterns of `exclude=` in dnf's own configuration, and the packages that its plugin `versionlock` holds. */
export function parseRpmPins(configuration: string, versionLock: string): string[] {
  const { exclude = '', excludepkgs = '' } = sections(configuration).find(({ name }) => name === 'main')?.values ?? {};
  const locked = lines(versionLock).flatMap((line) => /^([^!\s]+)-(?:\d+:)?[^-]+-[^-]+$/.exec(line)?.[1] ?? []);
  return [...`${exclude} ${excludepkgs}`.split(/[\s,]+/).filter((word) => word !== ''), ...locked];
}

/**
 * The value of `$releasever`: the version of the package that names the release. For RHEL and its rebuilds it is the major version.
 * https://dnf.readthedocs.io/en/latest/conf_ref.html#repo-variables
 */
export function releaseVersion(distribution: Distribution, packages: readonly InstalledPackage[]): string | undefined {
  const { id, version } = distribution;
  const amazon = packages.find(({ name }) => name === 'system-release');
  if (id === 'amzn' && amazon) return /^(?:\d+:)?([^-]+)-/.exec(amazon.version)?.[1];
  return id === 'fedora' ? version : version?.split('.')[0];
}

/** Marks the packages that the image holds at their versions; `*` and `?` in a pattern mean the same as in a shell. */
export function hold(packages: readonly InstalledPackage[], patterns: readonly string[]): InstalledPackage[] {
  const names = new Set(patterns.filter((pattern) => !/[*?]/.test(pattern)));
  const globs = patterns
    .filter((pattern) => /[*?]/.test(pattern) && pattern.length <= 200)
    .slice(0, 100)
    .map(globMatcher);
  return packages.map((each) =>
    names.has(each.name) || globs.some((matches) => matches(each.name)) ? { ...each, held: true } : each,
  );
}

/** Without a regular expression, because a hostile pattern could make one that runs practically for ever. */
function globMatcher(pattern: string): (text: string) => boolean {
  return (text) => {
    let [at, from, star, mark] = [0, 0, -1, 0];
    while (from < text.length) {
      if (pattern[at] === '*') [star, mark, at] = [at, from, at + 1];
      else if (pattern[at] === '?' || pattern[at] === text[from]) [at, from] = [at + 1, from + 1];
      else if (star >= 0) [at, mark, from] = [star + 1, mark + 1, mark + 1];
      else return false;
    }
    return /^\**$/.test(pattern.slice(at));
  };
}

interface Section {
  name: string;
  values: Record<string, string>;
}

/** An INI file as Python's configparser reads it: a line that begins with a space continues the value before it. */
function sections(text: string): Section[] {
  const found: Section[] = [];
  let key: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const section = found.at(-1);
    const [, name] = /^\[([^\]]+)\]/.exec(line) ?? [];
    const [, setting, value] = /^([A-Za-z_]\w*)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (/^\s*[#;]/.test(line)) continue;
    if (name !== undefined) {
      found.push({ name, values: Object.create(null) });
      key = undefined;
    } else if (section && setting !== undefined) {
      key = setting.toLowerCase();
      section.values[key] = value?.trim() ?? '';
    } else if (section && key !== undefined && /^\s+\S/.test(line)) section.values[key] += ` ${line.trim()}`;
  }
  return found;
}

function lines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
