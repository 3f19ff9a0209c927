import { createHash } from 'node:crypto';
import { UpstreamError } from '../../core/model/errors.ts';

/** What git keeps, by its id. https://git-scm.com/book/en/v2/Git-Internals-Git-Objects */
export interface GitObject {
  type: 'commit' | 'tree' | 'blob' | 'tag';
  data: Buffer;
}

export type ObjectFormat = 'sha1' | 'sha256';

/** A name in a folder. */
export interface TreeEntry {
  mode: string;
  name: string;
  id: string;
}

export interface CommitFields {
  tree: string;
  parent: string;
  author: { name: string; email: string };
  at: Date;
  message: string;
}

export const folderMode = '40000';
const signatureHeaders: Record<ObjectFormat, string> = { sha1: 'gpgsig', sha256: 'gpgsig-sha256' };

export function idOf({ type, data }: GitObject, format: ObjectFormat): string {
  return createHash(format).update(`${type} ${data.length}\0`).update(data).digest('hex');
}

/** @throws UpstreamError if the host's tree is none */
export function readTree(data: Buffer, format: ObjectFormat): TreeEntry[] {
  const idBytes = format === 'sha1' ? 20 : 32;
  const entries: TreeEntry[] = [];
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const end = data.indexOf(0, space);
    if (space < 0 || end < 0 || end + idBytes >= data.length + 1)
      throw new UpstreamError('The git host sent a broken tree.');
    entries.push({
      mode: data.toString('latin1', at, space),
      // Names are bytes: those that are not UTF-8 must come out as they went in.
      name: data.toString('latin1', space + 1, end),
      id: data.toString('hex', end + 1, end + 1 + idBytes),
    });
    at = end + 1 + idBytes;
  }
  return entries;
}

export function treeOf(entries: readonly TreeEntry[]): GitObject {
  const data = Buffer.concat(
    entries.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} ${name}\0`, 'latin1'), Buffer.from(id, 'hex')]),
  );
  return { type: 'tree', data };
}

/** A name of a path as trees have it here. */
export function nameBytes(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}

export function nameText(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

export function commitOf({ tree, parent, author, at, message }: CommitFields): GitObject {
  const person = `${author.name} <${author.email}> ${Math.floor(at.getTime() / 1000)} +0000`;
  const head = [`tree ${tree}`, `parent ${parent}`, `author ${person}`, `committer ${person}`];
  return { type: 'commit', data: Buffer.from(`${head.join('\n')}\n\n${message.trimEnd()}\n`, 'utf8') };
}

/** A commit with a signature. https://git-scm.com/docs/gitformat-signature#_commit_signatures */
export function signedCommit({ data }: GitObject, signature: string, format: ObjectFormat): GitObject {
  const end = data.indexOf('\n\n') + 1;
  const header = `${signatureHeaders[format]} ${signature.replaceAll('\n', '\n ')}\n`;
  return { type: 'commit', data: Buffer.concat([data.subarray(0, end), Buffer.from(header), data.subarray(end)]) };
}

/** What a signature is of: the commit without it. */
export function withoutSignature({ type, data }: GitObject, format: ObjectFormat): GitObject {
  const end = data.indexOf('\n\n') + 1;
  const headers = data
    .toString('latin1', 0, end)
    .replace(new RegExp(`^${signatureHeaders[format]} .*\\n(?: .*\\n)*`, 'm'), '');
  return { type, data: Buffer.concat([Buffer.from(headers, 'latin1'), data.subarray(end)]) };
}

/** @throws UpstreamError if the host's commit is none */
export function treeOfCommit({ type, data }: GitObject): string {
  const [, tree] = /^tree ([0-9a-f]{40}|[0-9a-f]{64})\n/.exec(data.toString('latin1', 0, 80)) ?? [];
  if (type !== 'commit' || tree === undefined) throw new UpstreamError('The git host sent a broken commit.');
  return tree;
}
