import { UpstreamError } from '../../core/model/errors.ts';

/** A line without its end, or `flush`, which ends a list. Other marks between sections are left out. */
export type PacketLine = { text: string } | 'flush';

/**
 * The lines of an answer in git's protocol, one after another as they come, so that the longest list takes no more memory than a line.
 * https://git-scm.com/docs/gitprotocol-common#_pkt_line_format
 * @throws UpstreamError if it has another form, or says that something is wrong
 */
export async function* packetLines(body: AsyncIterable<Buffer>): AsyncGenerator<PacketLine> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at + 4 <= rest.length) {
      const digits = rest.toString('latin1', at, at + 4);
      if (!/^[0-9a-f]{4}$/i.test(digits))
        throw new UpstreamError('The list of refs is not in the form that git has for it.');
      const length = Number.parseInt(digits, 16);
      if (length > 4 && at + length > rest.length) break;
      if (length === 0) yield 'flush';
      else if (length > 4) yield { text: lineOf(rest.toString('utf8', at + 4, at + length)) };
      at += Math.max(length, 4);
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw new UpstreamError('The list of refs broke off in the middle of a line.');
}

function lineOf(text: string): string {
  const said = /^ERR (.*)/s.exec(text)?.[1];
  if (said !== undefined) {
    throw new UpstreamError(
      `The git host says: ${said
        .replaceAll(/[^\x21-\x7e]+/g, ' ')
        .trim()
        .slice(0, 200)}`,
    );
  }
  return text.replace(/\n$/, '');
}

export const packetLine = (text: string) => `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`;
export const flush = '0000';
export const delimiter = '0001';
