import { HostUnreachableError, UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { openPublicFetch, type PublicFetch, type PublicRequest, type PublicResponse } from '../http/public-fetch.ts';
import { delimiter, flush, type PacketLine, packetLine, packetLines } from './packet-lines.ts';

/** The host is in trouble, or has had enough for now. */
export class HostBusyError extends UpstreamError {
  /** When it says that it may be asked again. */
  readonly retryAt: Date | undefined;

  constructor(message: string, retryAt?: Date) {
    super(message);
    this.retryAt = retryAt;
  }
}

/** What the answer of one time spares the question of the next. */
export interface SourceMemory {
  /** Of a list with all refs: a host that knows it answers without one. */
  etag?: string | undefined;
  /** How the repository names its commits, if not by SHA-1. */
  objectFormat?: string | undefined;
  /** The address leads elsewhere, or its host is of several minds: it is to be asked what it speaks, each time. */
  asksFirst?: boolean | undefined;
}

export type RefsAnswer =
  /** Of those that were asked for, each with its commit; for an annotated tag that is what the tag is at. */
  | { kind: 'refs'; refs: Map<string, string>; memory: SourceMemory }
  | { kind: 'unchanged' }
  /** There is no such repository, or it is not public: a git host tells no stranger which. */
  | { kind: 'absent'; status: number };

export interface RefsQuestion {
  /** `refs/heads/main`, `refs/tags/v`: what the names begin with. */
  prefixes: string[];
  memory?: SourceMemory | undefined;
  /** For a repository that is not public. */
  authorization?: string | undefined;
  signal?: AbortSignal | undefined;
  timeoutMilliseconds?: number | undefined;
}

const mostRefs = 50_000;
const service = 'git-upload-pack';
const absentStatuses = [401, 403, 404, 410];

/**
 * Asks git hosts where refs are, over smart HTTP as `git ls-remote` does. Hosts that speak protocol version 2 send those refs alone that
 * were asked for, in one request; the others send their whole list. https://git-scm.com/docs/gitprotocol-v2#_ls_refs
 */
export function createSourceHost(fetch: PublicFetch) {
  /** The origins that were heard speaking version 2: there the question of what they speak is spared. */
  const speakVersion2 = new Set<string>();

  async function ask(
    url: string,
    { authorization, signal, timeoutMilliseconds }: RefsQuestion,
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
      ...(signal && { signal }),
      ...(timeoutMilliseconds !== undefined && { timeoutMilliseconds }),
    });
    if (response.status === 429 || response.status >= 500) {
      response.discard();
      throw new HostBusyError(
        `${hostOf(url)} answered ${response.status} instead of a list of refs.`,
        retryTime(response.headers.get('retry-after')),
      );
    }
    return response;
  }

  /** The one request of version 2. It needs no list of capabilities before it: no request of smart HTTP knows of another. */
  async function listRefs(base: string, question: RefsQuestion, memory: SourceMemory): Promise<RefsAnswer> {
    const response = await ask(`${base}/${service}`, question, {
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
      if (oid !== undefined && ref !== undefined && isAsked(question, ref)) {
        keep(refs, ref, /(?:^| )peeled:([0-9a-f]{40,64})(?: |$)/.exec(attributes)?.[1] ?? oid);
      }
    }
    return { kind: 'refs', refs, memory };
  }

  /** What the host speaks, and of one that does not speak version 2 the refs as well. */
  async function discover(base: string, question: RefsQuestion): Promise<RefsAnswer> {
    const response = await ask(`${base}/info/refs?service=${service}`, question, {
      headers: {
        accept: `application/x-${service}-advertisement`,
        ...(question.memory?.etag ? { 'if-none-match': question.memory.etag } : {}),
      },
    });
    if (response.status === 304) return { kind: 'unchanged' };
    if (absentStatuses.includes(response.status)) return absent(response);
    requireType(response, `application/x-${service}-advertisement`);
    const refs = new Map<string, string>();
    const capabilities = new Map<string, string>();
    let version = 0;
    for await (const line of completeList(withoutService(packetLines(response.body)))) {
      if (/^version [12]$/.test(line)) version = Number(line.slice(-1));
      else if (version === 2) capabilities.set(...pair(line));
      else {
        const [, oid, ref] = /^([0-9a-f]{40}|[0-9a-f]{64}) ([^\s\0]+)/.exec(line) ?? [];
        // What an annotated tag is at stands in a line of its own, after the tag's.
        const name = ref?.replace(/\^\{\}$/, '');
        if (oid !== undefined && name !== undefined && isAsked(question, name)) keep(refs, name, oid);
      }
    }
    if (version !== 2) {
      const etag = response.headers.get('etag') ?? undefined;
      return { kind: 'refs', refs, memory: etag && etag.length <= 500 ? { etag } : {} };
    }
    if (!capabilities.has('ls-refs')) throw new UpstreamError(`${hostOf(base)} does not list refs.`);
    const moved = response.url.replace(/\/info\/refs(?:\?.*)?$/, '');
    if (!question.memory?.asksFirst) speakVersion2.add(new URL(base).origin);
    const objectFormat = capabilities.get('object-format');
    return listRefs(moved, question, {
      ...(objectFormat === undefined || objectFormat === 'sha1' ? {} : { objectFormat }),
      ...(moved === base ? {} : { asksFirst: true }),
    });
  }

  /** @throws UpstreamError if the host cannot be reached, does not speak git, or sends without an end */
  async function refsOf(gitUrl: string, question: RefsQuestion): Promise<RefsAnswer> {
    const base = baseOf(gitUrl);
    const { memory } = question;
    if (!URL.canParse(base)) throw new UpstreamError(`"${base.slice(0, 200)}" is no address.`);
    const isDirect = speakVersion2.has(new URL(base).origin) && !memory?.asksFirst && !memory?.etag;
    if (!isDirect) return discover(base, question);
    try {
      return await listRefs(base, question, memory ?? {});
    } catch (error) {
      // The repository has moved, names its commits otherwise, or another program answers for it: its host is asked from the beginning.
      const isHosts = error instanceof HostBusyError || error instanceof HostUnreachableError;
      if (isHosts || !(error instanceof UpstreamError)) throw error;
      const answer = await discover(base, question);
      if (answer.kind !== 'refs' || answer.memory.objectFormat) return answer;
      return { ...answer, memory: { ...answer.memory, asksFirst: true } };
    }
  }

  return {
    refsOf,

    /** The commit at the head of a branch; undefined if the repository, or the branch in it, is not there. */
    async headOf(gitUrl: string, branch: string): Promise<string | undefined> {
      const ref = `refs/heads/${branch}`;
      const answer = await refsOf(gitUrl, { prefixes: [ref] });
      return answer.kind === 'refs' ? answer.refs.get(ref) : undefined;
    },
  };
}

export type SourceHost = ReturnType<typeof createSourceHost>;

export const openSourceHost = once(() => createSourceHost(openPublicFetch()));
export type HeadOf = SourceHost['headOf'];

function baseOf(gitUrl: string): string {
  return gitUrl.replace(/^git:/, 'https:').replace(/\/+$/, '');
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function absent(response: PublicResponse): RefsAnswer {
  response.discard();
  return { kind: 'absent', status: response.status };
}

function isAsked({ prefixes }: RefsQuestion, ref: string): boolean {
  return prefixes.some((prefix) => ref.startsWith(prefix));
}

function keep(refs: Map<string, string>, ref: string, commit: string): void {
  if (refs.size >= mostRefs)
    throw new UpstreamError(`The repository has more than ${mostRefs} of the refs that count.`);
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
      : `${host} does not speak git: it answered with ${given ?? 'nothing that says what it is'}.`,
  );
}

/**
 * The lines up to the flush. What should follow it is read too, so that the connection can serve again.
 * @throws UpstreamError where no flush comes: half of a list would look as if branches were gone
 */
async function* completeList(lines: AsyncIterable<PacketLine>): AsyncGenerator<string> {
  let isComplete = false;
  for await (const line of lines) {
    if (line === 'flush') isComplete = true;
    else if (!isComplete) yield line.text;
  }
  if (!isComplete) throw new UpstreamError('The list of refs broke off.');
}

/** Without the first section, in which the service has its name. */
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

/** https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function retryTime(value: string | null): Date | undefined {
  if (value === null) return undefined;
  const time = /^\d{1,9}$/.test(value) ? Date.now() + Number(value) * 1000 : Date.parse(value);
  return Number.isNaN(time) ? undefined : new Date(time);
}
