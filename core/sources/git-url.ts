import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** What a written address of a git repository comes to: the address to use, or why there is none. */
export type GitUrlJudgement = { url: string; advice?: string } | { refusal: string };

/** Names that lead into the network of whoever runs the pipeline, or to the machine itself. */
const privateName =
  /^(?:[^.]+|.*\.(?:localhost|local|localdomain|internal|intranet|private|corp|home|lan|home\.arpa))$/;
const form = 'Write it as https://host/owner/repository.git.';

/**
 * Judges an address that a stranger wrote before anything is asked of the network: http or https, a host of the public internet, and
 * nothing hidden in it.
 * @param allowedHosts hosts that may be private, each with its port or for all of them
 */
export function judgeGitUrl(written: string, allowedHosts: readonly string[] = []): GitUrlJudgement {
  const scp = /^(?:[\w.-]+@)?([\w.-]+):(?!\/\/)([\w./~-]+)$/.exec(written);
  if (scp && !/^(?:https?|git|ssh|file|ext|data|javascript)$/i.test(scp[1] ?? '')) {
    return { refusal: `This is an address for ssh, and the pipeline has no key. Write https://${scp[1]}/${scp[2]}.` };
  }
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(written) ?? [];
  if (scheme === '') return { refusal: `This is no address of a git repository. ${form}` };
  if (!/^(?:https?|git)$/i.test(scheme)) {
    return { refusal: `The pipeline reads sources by http and https only, not by ${scheme.slice(0, 20)}. ${form}` };
  }
  if (/[\s\\\p{Cc}\p{Cf}]/u.test(rest)) {
    return { refusal: `There is a blank, a backslash or a hidden character in the address. ${form}` };
  }
  // An address of another scheme than the web's would keep 0x7f.1 as the name of a host.
  const isGit = scheme.toLowerCase() === 'git';
  const url = URL.parse(`${isGit ? 'https' : scheme.toLowerCase()}://${rest}`);
  if (!url) return { refusal: `This is no address of a git repository. ${form}` };
  // What stands there is a secret, perhaps: it is not repeated.
  if (url.username || url.password || /^[^/?#]*@/.test(rest)) {
    return { refusal: `There is a user name or password in the address, for everybody to read. ${form}` };
  }
  if (url.search || url.hash || /[?#]/.test(rest)) {
    return { refusal: `The address of a repository has no "?" and no "#". ${form}` };
  }
  if (/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(rest)) return { refusal: `There is "." or ".." in the address. ${form}` };
  if (/^\/*$/.test(url.pathname)) return { refusal: `The address names a host, and no repository on it. ${form}` };
  const host = bareHost(url);
  if (!allowedHosts.includes(host) && !allowedHosts.includes(url.host) && isPrivate(host)) {
    return {
      refusal: `The host ${host.slice(0, 100)} is private: the pipeline reads sources from the public internet. Whoever runs it can allow the host ("privateHosts"; slipway index check --allow-host).`,
    };
  }
  if (isGit) {
    return {
      url: `https://${url.hostname}${url.pathname}`,
      advice:
        'The git protocol is neither encrypted nor offered by many hosts any more: the address is read as https://.',
    };
  }
  return { url: written };
}

/** A host as lists of hosts name it: no trailing dot, an IPv6 address in its brackets. */
function bareHost(url: URL): string {
  return url.hostname.replace(/\.+$/, '');
}

function isPrivate(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  return isIP(address) !== 0 ? !isPublicAddress(address) : privateName.test(host);
}
