import { randomUUID } from 'node:crypto';
import { type Address, addressParser } from 'postal-mime';
import { AwsError } from '../service.ts';

/** A raw message cut into its header fields and its body; nothing is decoded. */
export interface RawMessage {
  fields: Field[];
  /** Everything after the empty line. */
  body: Buffer;
}

interface Field {
  name: string;
  /** Unfolded. */
  value: string;
  /** As it was sent, with its folding, without its last line end. */
  text: string;
}

/** @throws AwsError `InvalidParameterValue` when the header is not one */
export function parseMessage(raw: Buffer): RawMessage {
  const end = /\r?\n\r?\n/.exec(raw.toString('latin1'));
  // Byte for byte, so that parts that are not understood are sent on unchanged.
  const header = raw.subarray(0, end?.index ?? raw.length).toString('latin1');
  const fields = header
    .split(/\r?\n(?![ \t])/)
    .filter((line) => line !== '')
    .map((text): Field => {
      const colon = text.indexOf(':');
      const name = text.slice(0, Math.max(colon, 0)).trimEnd();
      if (name === '')
        throw invalid(colon === 0 ? 'Empty header names are illegal.' : `Expected ':', got '${printable(text)}'`);
      if (!/^[\x21-\x39\x3b-\x7e]+$/.test(name)) throw invalid('Header names contain an illegal character.');
      // A bare carriage return (or NUL) would end the line for some receivers and not for others: a smuggled header.
      if (/\r|\0/.test(text.replaceAll('\r\n', '')))
        throw invalid(`Header '${name}' contains an illegal control character.`);
      return {
        name: name.toLowerCase(),
        value: text
          .slice(colon + 1)
          .replace(/\r?\n/g, '')
          .trim(),
        text,
      };
    });
  for (const name of [
    'from',
    'sender',
    'reply-to',
    'to',
    'cc',
    'bcc',
    'subject',
    'date',
    'message-id',
    'mime-version',
    'content-type',
  ]) {
    const [first, second] = fields.filter((field) => field.name === name);
    if (second) throw invalid(`Duplicate header '${first?.text.split(':')[0] ?? name}'.`);
  }
  return { fields, body: end ? raw.subarray(end.index + end[0].length) : Buffer.alloc(0) };
}

/** The addresses of a header field, group members one by one. */
export function addressesIn(message: RawMessage, name: string): string[] {
  const field = message.fields.find((candidate) => candidate.name === name);
  return field === undefined || field.value === '' ? [] : addressesOf(field.value);
}

/** @throws AwsError `InvalidParameterValue` for an address that is none */
export function addressesOf(text: string): string[] {
  const mailboxes = addressParser(text, { flatten: true }) as Address[];
  if (mailboxes.length === 0) throw invalid('Missing local name');
  return mailboxes.map(({ name, address = '' }) => {
    // `Smith, Jo <jo@example.com>` without quotation marks: the first of the two is a name without an address.
    if (address === '' && name) throw invalid("Missing final '@domain'");
    return checkedAddress(address);
  });
}

/** The checks with the error texts of JavaMail's InternetAddress, which SES returns. */
function checkedAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  const domain = address.slice(at + 1);
  if (address === '' || at === 0) throw invalid('Missing local name');
  if (at < 0) throw invalid("Missing final '@domain'");
  if (/[\s\p{Cc}]/u.test(local)) throw invalid('Local address contains control or whitespace');
  if (/[^\x20-\x7e]/.test(local)) throw invalid('Local address contains non-ASCII characters');
  if (!/^"(?:[^"\\]|\\.)*"$/.test(local)) {
    if (local.startsWith('.')) throw invalid('Local address starts with dot');
    if (local.endsWith('.')) throw invalid('Local address ends with dot');
    if (local.includes('..')) throw invalid('Local address contains dot-dot');
    if (/[()<>,;:\\"[\]@]/.test(local)) throw invalid('Local address contains illegal character');
  }
  if (domain === '') throw invalid("Missing final '@domain'");
  if (/[\s\p{Cc}]/u.test(domain)) throw invalid('Domain contains control or whitespace');
  if (domain.startsWith('.')) throw invalid('Domain starts with dot');
  if (domain.endsWith('.')) throw invalid('Domain ends with dot');
  if (domain.includes('..')) throw invalid('Domain contains dot-dot');
  if (!/^[A-Za-z0-9.-]+$/.test(domain)) throw invalid('Domain contains illegal character');
  // "not in the format UserName@[SubDomain.]Domain.TopLevelDomain": https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html
  if (!domain.includes('.')) throw invalid('Illegal address');
  return address;
}

/** The message as SES sends it on: its own Message-ID and Date in place of the sender's, and no Bcc. */
export function sealed(message: RawMessage, messageId: string, now: Date): Buffer {
  const fields = message.fields
    .filter(({ name }) => !['message-id', 'date', 'bcc'].includes(name))
    .map(({ text }) => text);
  fields.push(`Message-ID: <${messageId}@email.amazonses.com>`, `Date: ${now.toUTCString().replace('GMT', '+0000')}`);
  const text = `${fields.join('\n')}\n\n${message.body.toString('latin1')}`;
  return Buffer.from(text.replaceAll(/\r?\n/g, '\r\n'), 'latin1');
}

/** An id of SES's form: the time in milliseconds, a UUID and a counter. */
export function newMessageId(now: Date): string {
  const time = now.getTime().toString(16).padStart(12, '0');
  return `0100${time}-${randomUUID().slice(0, 8)}${randomUUID().slice(8)}-000000`;
}

export function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message);
}

function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ').slice(0, 60);
}
