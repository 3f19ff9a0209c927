import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { signedReads } from '../../core/api/signed-reads.ts';
import { baseStatuses } from '../../core/bases/base-status.ts';
import { isSelected } from '../../core/builds/build-selection.ts';
import { problemOf } from '../../core/builds/problem.ts';
import { progressOf } from '../../core/cascade/progress.ts';
import { type Build, isReleasable } from '../../core/model/build.ts';
import { largestLogPart } from '../../core/model/builder-contract.ts';
import type { HoldChange } from '../../core/model/hold.ts';
import type { Project } from '../../core/model/project.ts';
import type { ReleasedImage } from '../../core/releases/release.ts';
import type { ReleaseFindings } from '../../core/releases/rescan-findings.ts';
import type { RetentionReport } from '../../core/retention/retention-plan.ts';
import type { TargetState } from '../../core/targets/target-state.ts';
import type { UrlNotification } from '../../core/url-notifications/url-notification.ts';
import { createSeals } from '../../services/aws/seals.ts';
import type { Page, PageRequest } from '../../services/tables/page.ts';
import { createSiteHandler } from '../../site/handler.ts';
import type { SiteParts } from '../../site/parts.ts';
import type { CascadeMember, CascadeSummary, KnownProject, RecordReader } from '../../site/readers.ts';
import { sampleProject as projectOf } from '../core/sample-project.ts';
import { expectDocumented } from './documented.ts';

export const now = new Date('2026-11-21T12:00:00.000Z');
export const commit = '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d';
export const siteUrl = 'https://slipway.example.org';

/** A build that has just been queued; its number makes its id, and later numbers are older. */
export function sampleBuild(number: number, over: Partial<Build> = {}): Build {
  return {
    id: number.toString(16).padStart(16, '0'),
    project: 'demo/app:latest',
    status: 'queued',
    cause: { type: 'push', delivery: 'delivery', ref: 'refs/heads/main', commit, pusher: 'alex' },
    commit,
    ref: 'refs/heads/main',
    sourceUrl: 'https://github.com/demo/app.git',
    notifyEmail: ['owner@example.org'],
    sequence: 1,
    createdAt: new Date(now.getTime() - number * 60_000).toISOString(),
    stages: {},
    ...over,
  };
}

/** One whose source is on GitHub, which the pages link to. */
export const sampleProject = (name: string, over: Partial<Project> = {}): Project =>
  projectOf(name, over, 'github.com');

interface Content {
  builds?: Build[];
  projects?: KnownProject[];
  cascades?: { summary: CascadeSummary; members: CascadeMember[] }[];
  logs?: Record<string, string | Uint8Array>;
  /** Of each build that has a candidate. */
  records?: Partial<RecordReader>;
  releases?: ReleasedImage[];
  holds?: HoldChange[];
  targets?: TargetState[];
  urlNotifications?: UrlNotification[];
  releaseFindings?: Record<string, ReleaseFindings>;
  /** By the repository. */
  retention?: Record<string, RetentionReport>;
  parts?: Partial<SiteParts>;
  errors?: unknown[];
  /** The time for each answer. */
  signal?: AbortSignal | undefined;
}

export type Answer = APIGatewayProxyStructuredResultV2 & {
  text: string;
  bytes: Buffer;
  headers: Record<string, string>;
};
export type Ask = (
  address: string,
  headers?: Record<string, string>,
  method?: string,
  body?: string,
) => Promise<Answer>;

/** A project as the table has it: with its last build, which is no pull request's. The builds begin with the newest. */
const withLastBuild = (project: KnownProject, builds: readonly Build[]): KnownProject => ({
  lastBuild: builds.find((build) => build.project === project.name && isReleasable(build.ref))?.id,
  ...project,
});

/** The site on stores in memory, asked as API Gateway asks it. */
export function sampleSite({
  builds = [],
  projects: named = [],
  cascades = [],
  logs = {},
  records = {},
  releases = [],
  holds = [],
  targets = [],
  urlNotifications = [],
  releaseFindings = {},
  retention = {},
  parts = {},
  errors = [],
  signal,
}: Content): Ask {
  const projects = named.map((project) => withLastBuild(project, builds));
  const handler = createSiteHandler({
    builds: {
      get: async (id) => builds.find((build) => build.id === id),
      getMany: async (ids) => builds.filter(({ id }) => ids.includes(id)),
      list: async (selection, request) =>
        pageOf(
          builds.filter((build) => isSelected(build, selection)),
          request,
        ),
      costs: async ({ month, project }, request) =>
        pageOf(
          builds
            .filter(
              (build) => build.createdAt.startsWith(month) && (project === undefined || build.project === project),
            )
            .flatMap((build) => (build.cost ? [{ ...build.cost, project: build.project, builds: 1 }] : [])),
          request,
        ),
    },
    signatures: { read: async () => undefined },
    commitSigner: undefined,
    buildsInFlight: 8,
    signingKey: { publicKey: async () => Buffer.from('a public key') },
    projects: {
      get: async (name) => projects.find((project) => project.name === name),
      getMany: async (names) => projects.filter(({ name }) => names.includes(name)),
      list: async (start, request) =>
        pageOf(
          projects.filter(({ name }) => name.startsWith(start)).sort((one, other) => (one.name < other.name ? -1 : 1)),
          request,
        ),
      listJobs: async (start, request) =>
        pageOf(
          projects.filter(({ jobId }) => jobId.startsWith(start)),
          request,
        ),
      listPrivate: async () => projects.filter(({ visibility }) => visibility === 'private'),
      bySource: async (source) => projects.filter((project) => project.source === source),
      withProblem: async (problem, request) => {
        const ended = new Set(builds.filter((build) => problemOf(build) === problem).map(({ id }) => id));
        return pageOf(
          projects.filter(({ lastBuild = '' }) => ended.has(lastBuild)),
          request,
        );
      },
    },
    sources: { get: async () => undefined },
    cascades: {
      list: async () => ({ items: cascades.map(({ summary }) => summary) }),
      causes: async (id) => cascades.find(({ summary }) => summary.id === id)?.summary.causes ?? [],
      async summary(id, counts) {
        const found = cascades.find(({ summary }) => summary.id === id);
        return found && counts
          ? { ...found.summary, ...progressOf(found.members.filter(counts), found.summary.startedAt) }
          : found?.summary;
      },
      async members(id, { limit }) {
        const all = cascades.find(({ summary }) => summary.id === id)?.members ?? [];
        return { items: all.slice(0, limit), cursor: all.length > limit ? 'next' : undefined };
      },
    },
    relations: {
      statuses: async (bases) => baseStatuses(bases, new Map()),
      async dependents({ name }, isShown = () => true) {
        const all = projects.filter(({ dependsOn }) => dependsOn.includes(name)).map((each) => each.name);
        return { projects: all.filter(isShown), more: 0 };
      },
      pending: async () => undefined,
    },
    urlNotifications: {
      ofProject: async (project) => ({ items: urlNotifications.filter((each) => each.project === project) }),
    },
    targets: { ofProject: async (project) => targets.filter((target) => target.project === project) },
    holds: {
      ofProject: async (project, request) =>
        pageOf(
          holds.filter((change) => change.project === project),
          request,
        ),
    },
    sboms: { address: async () => undefined },
    addresses: {
      get: async () => undefined,
      answer: async () => undefined,
      summary: async (all) => ({ all: all.length, unconfirmed: 0, refused: 0, unreachable: 0 }),
    },
    seals: createSeals({ current: async () => 'the key' }),
    releases: {
      ofProject: async (project, request, tag) =>
        pageOf(
          releases.filter((release) => release.project === project && (tag === undefined || release.tags.has(tag))),
          request,
        ),
      withDigest: async (digest, request) =>
        pageOf(
          releases.filter((release) => release.digest === digest),
          request,
        ),
      get: async ({ project, digest }) =>
        releases.find((release) => release.project === project && release.digest === digest),
      findings: async ({ digest }) => releaseFindings[digest],
      retention: async (path) => retention[path],
    },
    log: {
      slice: async (build, from, limit) => {
        const all = Buffer.from(logs[build] ?? '');
        const start = Math.min(all.length, from < 0 ? Math.max(0, all.length + from) : from);
        return { bytes: all.subarray(start, start + limit), from: start, total: all.length };
      },
      lines: async (build, wanted, limit) => {
        const all = Buffer.from(logs[build] ?? '');
        if (all.length === 0) return undefined;
        let [from, firstLine] = [0, 1];
        let number = 1;
        // In parts of whole lines, as large as the builder's.
        for (let [start, partStart] = [0, 0]; start < all.length; number += 1) {
          const end = all.indexOf(10, start) + 1 || all.length;
          if (end - partStart > largestLogPart) partStart = start;
          const isBefore = 'line' in wanted ? number <= wanted.line : start <= all.length - wanted.beforeEnd;
          if (partStart === start && isBefore) [from, firstLine] = [start, number];
          start = end;
        }
        return { bytes: all.subarray(from, from + limit), from, firstLine, total: all.length };
      },
    },
    records: { scan: none, scanners: none, comparison: none, packages: none, steps: none, ...records },
    siteUrl,
    operators: ['operator@example.org'],
    hasLogin: true,
    now: () => now,
    onError: (error) => errors.push(error),
    ...parts,
  });
  return async (address, headers = {}, method = 'GET', body) => {
    const url = new URL(address, siteUrl);
    const asked = { ...event(url, headers, method), ...(body === undefined ? {} : { body }) };
    const answer = await handler(asked, { signal });
    const bytes = Buffer.from(answer.body ?? '', answer.isBase64Encoded ? 'base64' : 'utf8');
    const whole = { ...answer, bytes, text: bytes.toString(), headers: answer.headers as Record<string, string> };
    expectDocumented(url, method, whole);
    return whole;
  };
}

const none = async () => undefined;

function pageOf<Item>(builds: Item[], { limit, cursor }: PageRequest): Page<Item> {
  const start = Number(cursor ?? 0);
  const items = builds.slice(start, start + limit);
  return start + limit < builds.length ? { items, cursor: String(start + limit) } : { items };
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
export function event(
  url: URL,
  { cookie, ...headers }: Record<string, string>,
  method: string,
): APIGatewayProxyEventV2 {
  const isSigned = url.pathname.startsWith('/api/signed/');
  return {
    version: '2.0',
    routeKey: isSigned ? `${method} ${signedReads}` : '$default',
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    ...(cookie === undefined ? {} : { cookies: cookie.split('; ') }),
    headers: { host: url.host, ...headers },
    requestContext: {
      ...(isSigned ? { authorizer: { iam: { userArn: 'arn:aws:iam::123456789012:user/alex' } } } : {}),
      accountId: '123456789012',
      apiId: 'api',
      domainName: url.host,
      domainPrefix: 'api',
      http: { method, path: url.pathname, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId: 'id',
      routeKey: '$default',
      stage: '$default',
      time: '21/Nov/2026:12:00:00 +0000',
      timeEpoch: now.getTime(),
    },
    isBase64Encoded: false,
  };
}
