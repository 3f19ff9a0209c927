import { HostBusyError, HostUnreachableError, UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { findSource } from '../../core/sources/source.ts';
import type { AbsentSource } from '../../core/sources/source-failure.ts';
import { retryAfter } from '../../core/time/retry-after.ts';
import { openPublicFetch, type PublicFetch, type PublicRequest, type PublicResponse } from '../http/public-fetch.ts';
import { delimiter, flush, type PacketLine, packetLine, packetLines } from './packet-lines.ts';

/** What one answer teaches about a repository, to save requests the next time. */
export interface SourceMemory {
  /** The ETag of a full list of refs: if the list has not changed, the host answers without it. */
  etag?: string | undefined;
  /** The hash algorithm of the repository's commits, if it is not SHA-1. */
  objectFormat?: string | undefined;
  /** The address redirects, or its host's answers differ between repositories: discover the protocol each time. */
  asksFirst?: boolean | undefined;
}

export type RefsAnswer =
  /**
   * The requested refs that exist, each with its commit; for an annotated tag that is the commit it points to. `movedTo`: the address that
   * the host redirects to, where that is another repository's, as after a rename or a transfer.
   */
  | { kind: 'refs'; refs: Map<string, string>; memory: SourceMemory; movedTo?: string | undefined }
  | { kind: 'unchanged' }
  /** There is no such repository, or it is not public: without credentials a git host does not say which. */
  | ({ kind: 'absent' } & AbsentSource);

export interface RefsRequest {
  /** The beginnings of the refs' names: `refs/heads/main`, `refs/tags/v`. */
  prefixes: string[];
  memory?: SourceMemory | undefined;
  /** For a repository that is not public. */
  authorization?: string | undefined;
  signal?: AbortSignal | undefined;
  timeoutMilliseconds?: number | undefined;
}

const mostRefs = 50_000;
/** Whoever asks for a few refs has other work that waits. */
const usualTimeoutMilliseconds = 10_000;
const service = 'git-upload-pack';
const absentStatuses = [401, 403, 404, 410];

/**
 * Reads the refs of repositories over smart HTTP, as `git ls-remote` does. Hosts that speak protocol version 2 send only the requested
 * refs, in one request; the others send their whole list. https://git-scm.com/docs/gitprotocol-v2#_ls_refs
 */
export function createSourceHost(fetch: PublicFetch) {
  /** The origins that are known to speak version 2: there `discover` is not needed. */
  const speakVersion2 = new Set<string>();

  async function send(
    url: string,
    { authorization, signal, timeoutMilliseconds = usualTimeoutMilliseconds }: RefsRequest,
    request: PublicRequest,
  ): Promise<PublicResponse> {
    const response = await fetch(url, {
      ...request,
      headers: {
        'user-agent': 'git/2.39 (slipway)',
        'git-protocol': 'version=2',
        ...(authorization ? { authorization } : {}),
        ...request.headers,
      },
      signal,
      timeoutMilliseconds,
    });
    if (response.status === 429 || response.status >= 500) {
      response.discard();
      throw new HostBusyError(
        response.status === 429
          ? `${hostOf(url)} takes no more requests at the moment (it answered 429).`
          : `${hostOf(url)} answered ${response.status} instead of a list of refs.`,
        retryAfter(response.headers.get('retry-after'), new Date()),
      );
    }
    return response;
  }

  /** The one request of version 2. Smart HTTP is stateless, so it needs no request for the capabilities before it. */
  async function listRefs(base: string, question: RefsRequest, memory: SourceMemory): Promise<RefsAnswer> {
    const response = await send(`${base}/${service}`, question, {
      method: 'POST',
      headers: { 'content-type': `application/x-${service}-request`, accept: `application/x-${service}-result` },
      body: [
        packetLine('command=ls-refs\n'),
        ...(memory.objectFormat ? [packetLine(`object-format=${memory.objectFormat}\n`)] : []),
        delimiter,
        packetLine('peel\n'),
        ...question.prefixes.map((prefix) => packetLine(`ref-prefix ${prefix}\n`)),
        flush,
      ].join(''),
    });
    if (absentStatuses.includes(response.status)) return absent(response);
    requireType(response, `application/x-${service}-result`);
    const refs = new Map<string, string>();
    for await (const line of completeList(packetLines(response.body))) {
      const [, oid, ref, attributes = ''] = /^([0-9a-f]{40}|[0-9a-f]{64}) (\S+)(.*)$/.exec(line) ?? [];
      if (oid !== undefined && ref !== undefined && isRequested(question, ref)) {
        addRef(refs, ref, /(?:^| )peeled:([0-9a-f]{40,64})(?: |$)/.exec(attributes)?.[1] ?? oid);
      }
    }
    return { kind: 'refs', refs, memory };
  }

  /** Finds out which version the host speaks, and reads the refs with it. */
  async function discover(base: string, question: RefsRequest): Promise<RefsAnswer> {
    const response = await send(`${base}/info/refs?service=${service}`, question, {
      headers: {
        accept: `application/x-${service}-advertisement`,
        ...(question.memory?.etag ? { 'if-none-match': question.memory.etag } : {}),
      },
    });
    if (response.status === 304) return { kind: 'unchanged' };
    const current = response.url.replace(/\/info\/refs(?:\?.*)?$/, '');
    const movedTo = findSource(current) === findSource(base) ? undefined : current;
    if (absentStatuses.includes(response.status)) return { ...absent(response), movedTo };
    requireType(response, `application/x-${service}-advertisement`);
    const refs = new Map<string, string>();
    const capabilities = new Map<string, string>();
    let version = 0;
    for await (const line of completeList(withoutService(packetLines(response.body)))) {
      if (/^version [12]$/.test(line)) version = Number(line.slice(-1));
      else if (version === 2) capabilities.set(...pair(line));
      else {
        const [, oid, ref] = /^([0-9a-f]{40}|[0-9a-f]{64}) ([^\s\0]+)/.exec(line) ?? [];
        // The commit of an annotated tag is in a separate line after the tag's, and replaces it.
        const name = ref?.replace(/\^\{\}$/, '');
        if (oid !== undefined && name !== undefined && isRequested(question, name)) addRef(refs, name, oid);
      }
    }
    if (version !== 2) {
      const etag = response.headers.get('etag') ?? undefined;
      return { kind: 'refs', refs, memory: etag && etag.length <= 500 ? { etag } : {}, movedTo };
    }
    if (!capabilities.has('ls-refs')) throw new UpstreamError(`${hostOf(base)} does not list refs.`);
    if (!question.memory?.asksFirst) speakVersion2.add(new URL(base).origin);
    const objectFormat = capabilities.get('object-format');
    // A credential goes to no other host than its own.
    const isElsewhere = new URL(current).origin !== new URL(base).origin;
    const answer = await listRefs(current, isElsewhere ? { ...question, authorization: undefined } : question, {
      objectFormat: objectFormat === 'sha1' ? undefined : objectFormat,
      asksFirst: current === base ? undefined : true,
    });
    return answer.kind === 'unchanged' ? answer : { ...answer, movedTo };
  }

  /** @throws UpstreamError if the host cannot be reached, does not speak git, or sends more than is accepted */
  async function refsOf(gitUrl: string, question: RefsRequest): Promise<RefsAnswer> {
    const base = baseOf(gitUrl);
    const { memory } = question;
    if (!URL.canParse(base)) throw new UpstreamError(`"${base.slice(0, 200)}" is not an address.`);
    const isDirect = speakVersion2.has(new URL(base).origin) && !memory?.asksFirst && !memory?.etag;
    if (!isDirect) return discover(base, question);
    try {
      return await listRefs(base, question, memory ?? {});
    } catch (error) {
      // The repository may redirect, use another hash algorithm, or be served by another program than its host's others: discover it.
      const isHostFailure = error instanceof HostBusyError || error instanceof HostUnreachableError;
      if (isHostFailure || !(error instanceof UpstreamError)) throw error;
      const answer = await discover(base, question);
      if (answer.kind !== 'refs' || answer.memory.objectFormat) return answer;
      return { ...answer, memory: { ...answer.memory, asksFirst: true } };
    }
  }

  /**
   * The commits that the host names at refs, by ref, in one request; for an annotated tag the commit that it points to. A ref that does not
   * exist is absent, and so are all refs of a repository that does not exist or is not public.
   */
  async function commitsAt(
    gitUrl: string,
    refs: readonly string[],
    authorization?: string,
  ): Promise<ReadonlyMap<string, string>> {
    const answer = await refsOf(gitUrl, { prefixes: [...refs], authorization });
    const wanted = new Set(refs);
    return new Map(answer.kind === 'refs' ? [...answer.refs].filter(([ref]) => wanted.has(ref)) : []);
  }

  return {
    refsOf,

    commitsAt,

    /** The commit at the head of a branch; undefined if there is no such repository or branch. */
    async headOf(gitUrl: string, branch: string, authorization?: string): Promise<string | undefined> {
      const ref = `refs/heads/${branch}`;
      return (await commitsAt(gitUrl, [ref], authorization)).get(ref);
    },
  };
}

export type SourceHost = ReturnType<typeof createSourceHost>;

export const openSourceHost = once(() => createSourceHost(openPublicFetch()));
export type HeadOf = SourceHost['headOf'];
export type CommitsAt = SourceHost['commitsAt'];

function baseOf(gitUrl: string): string {
  return gitUrl.replace(/^git:/, 'https:').replace(/\/+$/, '');
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function absent(response: PublicResponse): RefsAnswer & { kind: 'absent' } {
  response.discard();
  return { kind: 'absent', status: response.status };
}

function isRequested({ prefixes }: RefsRequest, ref: string): boolean {
  return prefixes.some((prefix) => ref.startsWith(prefix));
}

function addRef(refs: Map<string, string>, ref: string, commit: string): void {
  if (refs.size >= mostRefs)
    throw new UpstreamError(`The repository has more than ${mostRefs} refs of the requested kinds.`);
  refs.set(ref, commit);
}

function requireType(response: PublicResponse, type: string): void {
  const given = response.headers.get('content-type')?.split(';')[0]?.trim();
  if (response.status === 200 && given === type) return;
  response.discard();
  const host = hostOf(response.url);
  if (response.status !== 200)
    throw new UpstreamError(`${host} answered ${response.status} instead of a list of refs.`);
  throw new UpstreamError(
    given === 'text/plain'
      ? `${host} has the repository as plain files ("dumb HTTP"), which is not supported. Serve it with git http-backend.`
      : `${host} does not speak git: it answered with ${given ?? 'no content type'}${given === 'text/html' ? ', as the page of a sign-in is' : ''}. Correct git-url, or have the host let git in.`,
  );
}

/**
 * The lines up to the flush. What follows it is read too, so that the connection can be used again.
 * @throws UpstreamError if there is no flush: half of a list would look as if branches were deleted
 */
async function* completeList(lines: AsyncIterable<PacketLine>): AsyncGenerator<string> {
  let isComplete = false;
  for await (const line of lines) {
    if (line === 'flush') isComplete = true;
    else if (!isComplete) yield line.text;
  }
  if (!isComplete) throw new UpstreamError('The list of refs broke off.');
}

/** The lines without the first section, which names the service. */
async function* withoutService(lines: AsyncIterable<PacketLine>): AsyncGenerator<PacketLine> {
  let isService = false;
  for await (const line of lines) {
    if (line !== 'flush' && line.text === `# service=${service}`) isService = true;
    else if (isService && line === 'flush') isService = false;
    else if (!isService) yield line;
  }
}

function pair(line: string): [string, string] {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}
