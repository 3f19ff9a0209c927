import { mountOptions } from './dockerfile/mount.ts';

/** What a RUN instruction requests beside its command: `--mount=…`, `--network=…`. */
export type RunOptions = readonly string[];

const mount = '--mount=';

/** Whether a step's result depends on more than its text and the files before it. */
export function mounts(options: RunOptions): boolean {
  return options.some((option) => option.startsWith(mount));
}

/**
 * The first option that asks for rights of the machine itself, which no build has: BuildKit calls them entitlements.
 * https://docs.docker.com/reference/dockerfile/#run---network
 */
export function entitlementOf(options: RunOptions): string | undefined {
  return options.find((option) => /^--(?:network=(?!default$|none$)|security=(?!sandbox$))/.test(option));
}

/**
 * The first mount that an older Buildah may resolve outside of the build: it follows links in a mounted image (CVE-2024-1753), takes
 * the name of a cache for a path (CVE-2024-9675), passes on every propagation (CVE-2024-9407), and resolves what runs beside it
 * (CVE-2024-11218). https://github.com/containers/buildah/security/advisories
 */
export function unsafeMount(options: RunOptions): string | undefined {
  return options.find((option) => option.startsWith(mount) && !isSafe(option.slice(mount.length)));
}

/** The secrets that are mounted, as `RUN --mount=type=secret,id=npmrc,required` names them. */
export function mountedSecrets(options: RunOptions): { id: string; isRequired: boolean }[] {
  return options
    .filter((option) => option.startsWith(mount))
    .map((option) => mountOptions(option.slice(mount.length)))
    .filter((each) => each.get('type') === 'secret')
    .map((each) => {
      const { id, target = '', required = 'false' } = Object.fromEntries(each);
      return { id: id ?? target.slice(target.lastIndexOf('/') + 1), isRequired: required === 'true' };
    });
}

/**
 * The files and folders of the build context that are mounted.
 * @throws InvalidInputError
 */
export function mountedSources(options: RunOptions): string[] {
  return options
    .filter((option) => option.startsWith(mount))
    .map((option) => mountOptions(option.slice(mount.length)).get('source') ?? '');
}

const places = ['type', 'target'];
const safeOptions: Readonly<Record<string, ReadonlySet<string>>> = {
  bind: new Set([...places, 'source', 'ro', 'readonly']),
  cache: new Set([...places, 'id', 'sharing', 'mode', 'uid', 'gid']),
  tmpfs: new Set([...places, 'size', 'mode']),
  secret: new Set([...places, 'id', 'required', 'mode', 'uid', 'gid']),
  ssh: new Set([...places, 'id', 'required', 'mode', 'uid', 'gid']),
};

/** Buildah replaces variables in it and removes quotes, so it may have neither. */
function isSafe(text: string): boolean {
  if (/[$\\'"]/.test(text)) return false;
  const options = mountOptions(text);
  const allowed = safeOptions[options.get('type') ?? 'bind'];
  if (allowed === undefined || options.size !== text.split(',').length) return false;
  const { target = '/', id = 'cache', ro = 'true', readonly = 'true' } = Object.fromEntries(options);
  return (
    [...options.keys()].every((key) => allowed.has(key)) &&
    target.startsWith('/') &&
    /^\w[\w.-]*$/.test(id) &&
    ro === 'true' &&
    readonly === 'true'
  );
}
