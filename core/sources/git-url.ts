import { isIPv4 } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** The judgement of a git URL from the index: the URL to use, or why it is refused. */
export type GitUrlJudgement = { url: string; advice?: string } | { refusal: string };

/** Names of hosts in the operator's private network, or of the machine itself. */
const privateName =
  /^(?:[^.]+|.*\.(?:localhost|local|localdomain|internal|intranet|private|corp|home|lan|home\.arpa))$/;
const form = 'Write it as https://host/owner/repository.git.';

/**
 * Judges an address that an untrusted user wrote, before any network request: it must be http or https, name a host of the public internet
 * and have no hidden characters.
 * @param allowedHosts private hosts that are allowed, each with a port, or without one for all ports
 */
export function judgeGitUrl(written: string, allowedHosts: readonly string[] = []): GitUrlJudgement {
  const scp = /^(?:[\w.-]+@)?([\w.-]+):(?!\/\/)([\w./~-]+)$/.exec(written);
  if (scp && !/^(?:https?|git|ssh|file|ext|data|javascript)$/i.test(scp[1] ?? '')) {
    return { refusal: `This is an ssh address, and the pipeline has no key. Write https://${scp[1]}/${scp[2]}.` };
  }
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(written) ?? [];
  if (scheme === '') return { refusal: `This is not the address of a git repository. ${form}` };
  if (!/^(?:https?|git)$/i.test(scheme)) {
    return { refusal: `The pipeline reads sources over http and https only, not over ${scheme.slice(0, 20)}. ${form}` };
  }
  if (/[\s\\\p{Cc}\p{Cf}]/u.test(rest)) {
    return { refusal: `The address contains white space, a backslash or a hidden character. ${form}` };
  }
  // Parsed as https, because only for web schemes does URL turn a host like 0x7f.1 into an IP address.
  const isGit = scheme.toLowerCase() === 'git';
  const url = URL.parse(`${isGit ? 'https' : scheme.toLowerCase()}://${rest}`);
  if (!url) return { refusal: `This is not the address of a git repository. ${form}` };
  // The message does not repeat the credentials, which may be secret.
  if (url.username || url.password || /^[^/?#]*@/.test(rest)) {
    return { refusal: `The address contains a user name or password, which everybody can read. ${form}` };
  }
  if (url.search || url.hash || /[?#]/.test(rest)) {
    return { refusal: `The address of a repository cannot contain "?" or "#". ${form}` };
  }
  if (/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(rest)) return { refusal: `The address contains "." or "..". ${form}` };
  if (/^\/*$/.test(url.pathname)) return { refusal: `The address names a host but no repository. ${form}` };
  const host = bareHost(url);
  if (!allowedHosts.includes(host) && !allowedHosts.includes(url.host) && isPrivate(host)) {
    return {
      refusal: `The host ${host.slice(0, 100)} is private, and the pipeline reads sources from the public internet only. The operator can allow the host ("privateHosts"; slipway index check --allow-host).`,
    };
  }
  if (isGit) {
    return {
      url: `https://${url.hostname}${url.pathname}`,
      advice: 'The git protocol is not encrypted, and few hosts still offer it: https:// is used instead.',
    };
  }
  return { url: written };
}

/** A host as `allowedHosts` writes it: without a trailing dot; an IPv6 address in brackets. */
function bareHost(url: URL): string {
  return url.hostname.replace(/\.+$/, '');
}

function isPrivate(host: string): boolean {
  // Of a parsed URL only an IPv6 address is in brackets.
  const address = host.startsWith('[') ? host.slice(1, -1) : isIPv4(host) ? host : undefined;
  return address === undefined ? privateName.test(host) : !isPublicAddress(address);
}
