import type { CapabilityKind } from './capabilities.ts';
import type { RunOption } from './run-options.ts';
import { CommandUnreadableError } from './shell-words.ts';

/** What a command would give a container. The value is not yet safe to show. */
export interface Grant {
  kind: CapabilityKind;
  value?: string;
}

/** The option that asks for each namespace of the host. */
const namespaces: Readonly<Record<string, CapabilityKind>> = {
  net: 'host-network',
  network: 'host-network',
  pid: 'host-pid',
  ipc: 'host-ipc',
  userns: 'host-user',
  uts: 'host-uts',
  cgroupns: 'host-cgroup',
};

const sockets =
  /\/(?:docker|podman|containerd|crio|cri-dockerd|buildkitd)\.sock$|^\/run\/(?:user\/[^/]+\/)?(?:podman|containerd|crio|buildkit)(?:\/|$)/;
/** A value that a command computes cannot be known beforehand. */
const computed = /\$\(|`/;

/**
 * What one option of `docker run` or `podman run` gives the container.
 * https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities
 * @throws CommandUnreadableError
 */
export function grantsOf({ name, value }: RunOption): Grant[] {
  if (!/^[a-z0-9-]+$/i.test(name)) throw new CommandUnreadableError('an option has more in its name than letters');
  const namespace = namespaces[name];
  if (namespace) return isHost(known(name, value)) ? [grant(namespace, value === 'host' ? undefined : value)] : [];
  switch (name) {
    case 'privileged':
      return value !== undefined && /^(?:0|f|false)$/i.test(value) ? [] : [{ kind: 'privileged' }];
    case 'use-api-socket':
      return [{ kind: 'container-socket' }];
    case 'cap-add':
      return known(name, value)
        .split(',')
        .filter((each) => each !== '')
        .map((each) => grant('capability', each.toUpperCase().replace(/^CAP_/, '')));
    case 'security-opt':
      return isDisabling(known(name, value)) ? [grant('security-disabled', value)] : [];
    case 'volume':
      return hostPath(volumeSource(value ?? ''));
    case 'mount':
      return hostPath(mountSource(value ?? ''));
    case 'device':
    case 'device-cgroup-rule':
      return [grant('device', name === 'device' ? value?.replace(/:.*$/s, '') : value)];
    case 'gpus':
      return [grant('device', `gpus ${value ?? ''}`.trim())];
    default:
      return [];
  }
}

/** What a path of the host gives the container: an engine's socket, another path, or nothing where there is no path. */
export function hostPath(source: string | undefined): Grant[] {
  if (source === undefined) return [];
  const path = normalized(source);
  return [grant(sockets.test(path.replace(/^\/var\/run(?=\/)/, '/run')) ? 'container-socket' : 'host-path', path)];
}

function grant(kind: CapabilityKind, value: string | undefined): Grant {
  return value ? { kind, value } : { kind };
}

function known(name: string, value = ''): string {
  if (computed.test(value)) throw new CommandUnreadableError(`the value of --${name} is computed by a command`);
  return value;
}

/** Podman also takes the path of a namespace (`ns:/proc/1/ns/net`), Docker names a network as one value among others. */
function isHost(value: string): boolean {
  return value.startsWith('ns:') || value.split(/[,:]/, 1)[0] === 'host' || value.split(',').includes('name=host');
}

/** https://docs.podman.io/en/latest/markdown/podman-run.1.html#security-opt-option; a colon is Docker's old form. */
function isDisabling(value: string): boolean {
  return /^(?:label[=:]disable|(?:seccomp|apparmor|systempaths)[=:]unconfined|unmask[=:].+|label[=:]type:(?:spc_t|unconfined_t|container_runtime_t))$/i.test(
    value.trim(),
  );
}

/** The host path of a volume. A name without a slash is a volume of the engine, and a path alone is one in the container. */
function volumeSource(value: string): string | undefined {
  // The default of a variable, and a command, may contain colons.
  const masked = value.replaceAll(/\$\{[^}]*\}|\$\([^)]*\)|`[^`]*`/g, (each) => '_'.repeat(each.length));
  const source = value.slice(0, Math.max(masked.indexOf(':'), 0));
  return isPath(source) ? source : undefined;
}

/** `type=bind,source=/x,target=/y`, as a line of CSV. */
function mountSource(value: string): string | undefined {
  const fields = new Map(
    (value.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? []).map((field): [string, string] => {
      const text = field
        .trim()
        .replace(/^"(.*)"$/s, '$1')
        .replaceAll('""', '"');
      const [, key = text, content = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
      // A volume of the engine that is a folder of the host.
      return /^volume-opt=device=/i.test(text)
        ? ['device', text.slice('volume-opt=device='.length)]
        : [key.toLowerCase(), content];
    }),
  );
  const type = fields.get('type')?.toLowerCase();
  if (type === 'tmpfs' || type === 'image' || type === 'devpts') return undefined;
  const source = fields.get('source') ?? fields.get('src') ?? '';
  if (type === 'bind' || type === 'glob' || isPath(source)) return source;
  const device = fields.get('device') ?? '';
  return isPath(device) ? device : undefined;
}

function isPath(source: string): boolean {
  return /^[.~$`]|\//.test(source);
}

/** Without repeated slashes, `.` and `..`, so that one exception's id fits all ways to write the path. */
function normalized(path: string): string {
  if (!path.startsWith('/')) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
