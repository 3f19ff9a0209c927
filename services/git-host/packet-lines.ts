import { UpstreamError } from '../../core/model/errors.ts';

/** A line without its line feed, or `flush`, which ends a list. Other markers between sections are left out. */
export type PacketLine = { text: string } | 'flush';

/** The bytes of a line, or the name of a marker: `end` is what closes an answer. */
export type Packet = Buffer | 'flush' | 'delimiter' | 'end';

/**
 * The parts of an answer in git's protocol, one by one as they arrive, so that the longest list needs no more memory than a line.
 * https://git-scm.com/docs/gitprotocol-common#_pkt_line_format
 * @throws UpstreamError if the answer has another format
 */
export async function* packets(body: AsyncIterable<Buffer>): AsyncGenerator<Packet> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at + 4 <= rest.length) {
      const digits = rest.toString('latin1', at, at + 4);
      if (!/^[0-9a-f]{4}$/i.test(digits)) throw new UpstreamError("The git host's answer is not in git's format.");
      const length = Number.parseInt(digits, 16);
      if (length > 4 && at + length > rest.length) break;
      if (length > 4) yield rest.subarray(at + 4, at + length);
      else if (length < 3) yield (['flush', 'delimiter', 'end'] as const)[length] ?? 'end';
      at += Math.max(length, 4);
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw new UpstreamError("The git host's answer broke off in the middle of a line.");
}

/**
 * The same as text, without the markers between sections.
 * @throws UpstreamError if the answer is an error message
 */
export async function* packetLines(body: AsyncIterable<Buffer>): AsyncGenerator<PacketLine> {
  for await (const packet of packets(body)) {
    if (packet === 'flush') yield packet;
    else if (typeof packet !== 'string') yield { text: lineOf(packet.toString('utf8')) };
  }
}

/**
 * A line as text, without its line feed.
 * @throws UpstreamError if it is an error message
 */
export function lineOf(text: string): string {
  const message = /^ERR (.*)/s.exec(text)?.[1];
  if (message !== undefined) {
    throw new UpstreamError(`The git host says: ${saidBy(message)}`);
  }
  return text.replace(/\n$/, '');
}

/** What a host says, on one short line that is safe to show. */
export function saidBy(message: string): string {
  return message
    .replaceAll(/[^\x21-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200);
}

export const packetLine = (text: string) => `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`;
export const flush = '0000';
export const delimiter = '0001';
