import { isIP } from 'node:net';
import { UpstreamError } from '../core/model/errors.ts';
import { judgeGitUrl } from '../core/sources/git-url.ts';
import { addressesOf, createPublicFetch } from '../services/http/public-fetch.ts';
import { SourceNotFoundError } from './errors.ts';

/** A repository's address that git may be given, and the settings with which git connects to nothing else. */
export interface GitAddress {
  url: string;
  settings: string[];
}

const service = 'info/refs?service=git-upload-pack';

/**
 * Judges an address that a stranger wrote, in the index or in `.gitmodules`, before git is run for it. Git connects by itself, so
 * redirects are followed here, each judged, and git is told to follow none (git.ts); and it is given the IP addresses that were checked.
 * @param next what people are to do if the address is refused
 * @throws SourceNotFoundError
 */
export async function judgeGitAddress(
  written: string,
  { next, privateHosts, signal }: { next: string; privateHosts: readonly string[]; signal: AbortSignal },
): Promise<GitAddress> {
  const judged = judgeGitUrl(written, privateHosts);
  const shown = JSON.stringify(written.slice(0, 200));
  if ('refusal' in judged) {
    throw new SourceNotFoundError(`The address ${shown} is not fetched. ${judged.refusal} ${next}`);
  }
  try {
    const url = new URL(await redirectedTo(judged.url, privateHosts, signal));
    const addresses = await addressesOf(url, { privateHosts });
    return { url: url.href, settings: pinned(url, addresses) };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    throw new SourceNotFoundError(`The address ${shown} cannot be fetched: ${error.message} ${next}`, { cause: error });
  }
}

/** Where a host has moved the repository: git asks for the list of refs first, and takes a redirect of that one request as the new address. */
async function redirectedTo(url: string, privateHosts: readonly string[], signal: AbortSignal): Promise<string> {
  const base = url.replace(/\/+$/, '');
  const fetch = createPublicFetch({ privateHosts });
  const answer = await fetch(`${base}/${service}`, { signal, headers: { 'git-protocol': 'version=2' } });
  answer.discard();
  // What else the host says is for git itself to report.
  if (answer.status !== 200) return url;
  const at = answer.url.indexOf(`/${service}`);
  if (at > 0) return answer.url === `${base}/${service}` ? url : answer.url.slice(0, at);
  throw new UpstreamError(`It redirects to ${answer.url.slice(0, 200)}, which is not the address of a repository.`);
}

/** As curl takes them: https://curl.se/libcurl/c/CURLOPT_RESOLVE.html */
function pinned(url: URL, addresses: string[]): string[] {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return [];
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const shown = addresses.map((address) => (isIP(address) === 6 ? `[${address}]` : address));
  return [`http.curloptResolve=${host}:${port}:${shown.join(',')}`];
}
