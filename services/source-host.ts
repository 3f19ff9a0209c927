import { UpstreamError } from '../core/errors.ts';

const maximumBytes = 16 * 1024 * 1024;

/**
 * The commit at the head of a branch, asked over git's smart HTTP as `git ls-remote` does; undefined if the repository, or the
 * branch in it, is not there. https://git-scm.com/docs/gitprotocol-http#_smart_clients
 * @throws UpstreamError if the host cannot be reached or does not speak git
 */
export async function headOf(gitUrl: string, branch: string): Promise<string | undefined> {
  const url = `${gitUrl.replace(/^git:/, 'https:').replace(/\/+$/, '')}/info/refs?service=git-upload-pack`;
  const response = await fetch(url, {
    headers: { 'user-agent': 'git/2.39 (slipway)' },
    signal: AbortSignal.timeout(20_000),
  }).catch((cause: unknown) => {
    throw new UpstreamError(`${new URL(url).host} cannot be reached.`, { cause });
  });
  if ([401, 403, 404].includes(response.status)) return undefined;
  if (
    !response.ok ||
    !response.headers.get('content-type')?.startsWith('application/x-git-upload-pack-advertisement')
  ) {
    throw new UpstreamError(`${new URL(url).host} answered ${response.status} instead of a list of refs.`);
  }
  return packetLines(Buffer.from(await bodyWithin(response)))
    .map((line) => /^([0-9a-f]{40}(?:[0-9a-f]{24})?) (\S+)/.exec(line))
    .find((match) => match?.[2] === `refs/heads/${branch}`)?.[1];
}

async function bodyWithin(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maximumBytes) throw new UpstreamError(`The list of refs is larger than ${maximumBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** https://git-scm.com/docs/gitprotocol-common#_pkt_line_format */
function packetLines(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = Number.parseInt(bytes.toString('latin1', at, at + 4), 16);
    if (Number.isNaN(length)) throw new UpstreamError('The list of refs is not in the form that git has for it.');
    if (length > 4)
      lines.push(
        bytes
          .toString('utf8', at + 4, at + length)
          .replace(/\0.*$/s, '')
          .trimEnd(),
      );
    at += Math.max(length, 4);
  }
  return lines;
}
