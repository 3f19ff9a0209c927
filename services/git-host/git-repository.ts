import { HostBusyError, UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { openPublicFetch, type PublicFetch, type PublicRequest, type PublicResponse } from '../http/public-fetch.ts';
import type { GitObject, ObjectFormat } from './git-objects.ts';
import { readPack, writePack } from './git-pack.ts';
import { delimiter, flush, lineOf, packetLine, packetLines, packets, saidBy } from './packet-lines.ts';

/** The host has no such repository or branch, or the credential does not open it. */
export class RepositoryRefusedError extends UpstreamError {}

/** The host does not take a push: a protected branch, a hook, a missing permission. */
export class CommitRefusedError extends UpstreamError {}

/** The branch has moved since it was read. */
export class BranchMovedError extends UpstreamError {}

export interface RepositoryAddress {
  url: string;
  /** The value of the `Authorization` header. */
  authorization?: string | undefined;
}

export interface Branch {
  /** Its full name: `refs/heads/main`. */
  ref: string;
  commit: string;
}

interface Capabilities {
  url: string;
  format: ObjectFormat;
  /** Whether parts of a repository can be fetched; from other hosts comes a whole commit. */
  filters: boolean;
}

/** A host without filters sends all files of a commit. */
const largestPack = 64 * 1024 * 1024;
const timeoutMilliseconds = 60_000;
const agent = 'agent=slipway';
const uploadPack = 'git-upload-pack';
const receivePack = 'git-receive-pack';

/**
 * A repository over smart HTTP, of which only single objects are fetched, and to which single commits are pushed.
 * https://git-scm.com/docs/gitprotocol-v2 https://git-scm.com/docs/gitprotocol-pack#_pushing_data_to_a_server
 */
export function createGitRepositories(fetch: PublicFetch) {
  async function send({ url, authorization }: RepositoryAddress, path: string, request: PublicRequest) {
    const response = await fetch(`${url.replace(/\/+$/, '')}/${path}`, {
      timeoutMilliseconds,
      maximumBytes: largestPack,
      ...request,
      headers: {
        'user-agent': 'git/2.39 (slipway)',
        ...(authorization ? { authorization } : {}),
        ...request.headers,
      },
    });
    if (response.status === 200) return response;
    response.discard();
    const { host } = new URL(url);
    if (response.status === 429 || response.status >= 500)
      throw new HostBusyError(`${host} answered ${response.status}.`);
    throw new RepositoryRefusedError(
      authorization
        ? `${host} answered ${response.status} for ${url}: there is no such repository, or the credential for ${host} does not open it.`
        : `${host} answered ${response.status} for ${url}, and there is no credential for ${host}: see docs/manifests.md.`,
    );
  }

  function ask(at: RepositoryAddress, { format }: Capabilities, command: string, lines: readonly string[]) {
    return send(at, uploadPack, {
      method: 'POST',
      headers: { 'content-type': `application/x-${uploadPack}-request`, 'git-protocol': 'version=2' },
      body: [
        packetLine(`command=${command}\n`),
        packetLine(`${agent}\n`),
        ...(format === 'sha1' ? [] : [packetLine(`object-format=${format}\n`)]),
        delimiter,
        ...lines.map((line) => packetLine(`${line}\n`)),
        flush,
      ].join(''),
    });
  }

  async function discover(at: RepositoryAddress): Promise<Capabilities> {
    const response = await send(at, `info/refs?service=${uploadPack}`, { headers: { 'git-protocol': 'version=2' } });
    const lines: string[] = [];
    for await (const line of packetLines(response.body)) {
      // A host of the first version goes on with its list of refs, which may be long.
      if (line !== 'flush' && lines.length < 100) lines.push(line.text);
    }
    const { host } = new URL(at.url);
    if (!lines.includes('version 2'))
      throw new UpstreamError(`${host} does not speak version 2 of git's protocol, which a manifest repository needs.`);
    const format = lines.find((line) => line.startsWith('object-format='))?.slice('object-format='.length) ?? 'sha1';
    if (format !== 'sha1' && format !== 'sha256') throw new UpstreamError(`${host} uses an unknown hash, ${format}.`);
    const features = lines.find((line) => line.startsWith('fetch='))?.slice('fetch='.length) ?? '';
    return {
      // Where the host redirects to is where the push goes.
      url: response.url.replace(/\/info\/refs(?:\?.*)?$/, ''),
      format,
      filters: features.split(' ').includes('filter'),
    };
  }

  return {
    /** @throws UpstreamError if the host cannot be reached, or does not let us in */
    async open(address: RepositoryAddress) {
      const capabilities = await discover(address);
      const { format } = capabilities;
      // A credential goes to no other host than its own.
      const isElsewhere = new URL(capabilities.url).host !== new URL(address.url).host;
      const at = { url: capabilities.url, authorization: isElsewhere ? undefined : address.authorization };
      const objects = new Map<string, GitObject>();

      /** Fetches objects that are not here yet, in one request, and without what they contain: of a commit not its tree. */
      async function fetchObjects(ids: readonly string[]): Promise<void> {
        const wanted = [...new Set(ids)].filter((id) => !objects.has(id));
        if (wanted.length === 0) return;
        const response = await ask(at, capabilities, 'fetch', [
          'no-progress',
          ...wanted.map((id) => `want ${id}`),
          'deepen 1',
          ...(capabilities.filters ? ['filter tree:0'] : []),
          'done',
        ]);
        for (const [id, object] of readPack(await packOf(response), format)) objects.set(id, object);
        const missing = wanted.find((id) => !objects.has(id));
        if (missing) throw new UpstreamError(`${new URL(at.url).host} did not send the object ${missing}.`);
      }

      return {
        format,

        /** A branch by its name, or else the default branch; undefined if it does not exist. */
        async branch(name: string | undefined): Promise<Branch | undefined> {
          const wanted = name === undefined ? 'HEAD' : `refs/heads/${name}`;
          const response = await ask(at, capabilities, 'ls-refs', ['symrefs', `ref-prefix ${wanted}`]);
          let found: Branch | undefined;
          for await (const line of packetLines(response.body)) {
            const [, commit, ref, attributes = ''] =
              line === 'flush' ? [] : (/^([0-9a-f]{40,64}) (\S+)(.*)$/.exec(line.text) ?? []);
            if (commit === undefined || ref !== wanted) continue;
            const target = /(?:^| )symref-target:(\S+)/.exec(attributes)?.[1];
            found = { ref: target ?? ref, commit };
          }
          return found;
        },

        fetchObjects,

        /** An object that was fetched. */
        object(id: string): GitObject {
          const object = objects.get(id);
          if (!object) throw new Error(`The object ${id} was not fetched.`);
          return object;
        },

        /**
         * Sets a branch to a commit, with the objects that are new; all or nothing.
         * @param before what the branch is at; undefined for one that is new
         * @throws BranchMovedError if the branch is not there any more
         * @throws CommitRefusedError with what the host says
         */
        async push(ref: string, before: string | undefined, after: string, added: readonly GitObject[]): Promise<void> {
          const none = '0'.repeat(format === 'sha1' ? 40 : 64);
          const features = [
            'report-status',
            'side-band-64k',
            agent,
            ...(format === 'sha1' ? [] : [`object-format=${format}`]),
          ];
          const command = `${before ?? none} ${after} ${ref}\0 ${features.join(' ')}`;
          const response = await send(at, receivePack, {
            method: 'POST',
            headers: {
              'content-type': `application/x-${receivePack}-request`,
              accept: `application/x-${receivePack}-result`,
            },
            body: Buffer.concat([Buffer.from(`${packetLine(command)}${flush}`), writePack(added, format)]),
          });
          await readReport(response, ref);
        },
      };
    },
  };
}

export type GitRepositories = ReturnType<typeof createGitRepositories>;
export type GitRepository = Awaited<ReturnType<GitRepositories['open']>>;

export const openGitRepositories = once(() => createGitRepositories(openPublicFetch()));

/** The pack of an answer, of which progress and the sections before it are left out. */
async function packOf(response: PublicResponse): Promise<Buffer> {
  const parts: Buffer[] = [];
  let isPack = false;
  for await (const packet of packets(response.body)) {
    if (typeof packet === 'string') continue;
    if (isPack) {
      if (packet[0] === 1) parts.push(packet.subarray(1));
      else if (packet[0] === 3) throw new UpstreamError(`The git host says: ${saidBy(packet.toString('utf8', 1))}`);
    } else isPack = lineOf(packet.toString('utf8')) === 'packfile';
  }
  return Buffer.concat(parts);
}

/** https://git-scm.com/docs/gitprotocol-pack#_report_status */
async function readReport(response: PublicResponse, ref: string): Promise<void> {
  const report: Buffer[] = [];
  const remarks: string[] = [];
  for await (const packet of packets(response.body)) {
    if (typeof packet === 'string') continue;
    if (packet[0] === 1) report.push(packet.subarray(1));
    else remarks.push(packet.toString('utf8', 1));
  }
  const lines: string[] = [];
  for await (const packet of packets(asBody(Buffer.concat(report))))
    if (typeof packet !== 'string') lines.push(lineOf(packet.toString('utf8')));
  if (lines.includes('unpack ok') && lines.includes(`ok ${ref}`)) return;
  const reason = lines.find((line) => line.startsWith(`ng ${ref} `))?.slice(`ng ${ref} `.length);
  const said = saidBy([reason ?? lines[0] ?? 'nothing', ...remarks].join(' '));
  // What git says, and what hosts of their own say, of a branch that is not at the commit before any more.
  if (
    /fetch first|non-fast-forward|stale info|cannot lock ref|failed to update ref|already exists|incorrect old value/i.test(
      said,
    )
  )
    throw new BranchMovedError(`${ref} has moved: ${said}`);
  throw new CommitRefusedError(`${new URL(response.url).host} does not take the commit for ${ref}: ${said}`);
}

async function* asBody(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
