import { Logger } from '@aws-lambda-powertools/logger';
import { renderMail } from '../../core/mail/render.ts';
import { type Build, firstStepOf } from '../../core/model/build.ts';
import type { BuildRequest, BuildResult } from '../../core/model/builder-contract.ts';
import type { Scan } from '../../core/model/findings.ts';
import type { Project } from '../../core/model/project.ts';
import type { Trigger } from '../../core/model/trigger.ts';
import type { PublishedEvent } from '../../core/published-events/published-event.ts';
import type { Comparison } from '../../core/releases/image-diff.ts';
import type { ReleaseFindings } from '../../core/releases/rescan-findings.ts';
import type { ScannerReports } from '../../core/scanners/report.ts';
import { createRecordBases } from '../../functions/bases/record-bases.ts';
import type { CodeBuild } from '../../services/aws/codebuild.ts';
import type { Executions } from '../../services/aws/executions.ts';
import type { CommitStatuses } from '../../services/git-host/commit-statuses.ts';
import type { Mailer } from '../../services/mail/mailer.ts';
import type { Records } from '../../services/records/records.ts';
import { createBases } from '../../services/tables/bases.ts';
import { createBuilds } from '../../services/tables/builds.ts';
import { createCascades } from '../../services/tables/cascades.ts';
import { createDeliveries } from '../../services/tables/deliveries.ts';
import { createDependents } from '../../services/tables/dependents.ts';
import { createDigests } from '../../services/tables/digests.ts';
import { createHeads } from '../../services/tables/heads.ts';
import { createHolds } from '../../services/tables/holds.ts';
import { createIndexHead } from '../../services/tables/index-head.ts';
import { createOwnCommits } from '../../services/tables/own-commits.ts';
import { createProjectProblems } from '../../services/tables/project-problems.ts';
import { createProjects } from '../../services/tables/projects.ts';
import { createRebuilds } from '../../services/tables/rebuilds.ts';
import { createReleases } from '../../services/tables/releases.ts';
import { createUrlNotifications } from '../../services/tables/url-notifications.ts';
import type { ReadMail } from '../core/mail/as-read.ts';
import { sampleProject } from '../core/sample-project.ts';
import { createTables } from '../services/tables.ts';

export const commit = 'a'.repeat(40);
export const digest = `sha256:${'d'.repeat(64)}`;
export const silentLogger = new Logger({ serviceName: 'test', logLevel: 'SILENT' });

/** What the functions talk to: the tables as they are, and the rest in memory, to be read. */
export async function setUpServices() {
  const client = createTables();
  const builds = createBuilds(client, 'builds');
  const projects = createProjects(client, 'projects');
  const problems = createProjectProblems(client, 'projects');
  const bases = createBases(client, 'bases');
  const dependents = createDependents(client, 'dependents');
  const requests: BuildRequest[] = [];
  const results = new Map<string, BuildResult>();
  const scans = new Map<string, Scan>();
  const scannerReports = new Map<string, ScannerReports>();
  const comparisons = new Map<string, Comparison>();
  const releaseFindings = new Map<string, ReleaseFindings>();
  const records: Records = {
    putRequest: async (request) => void requests.push(request),
    request: async (id) => requests.find((request) => request.id === id),
    putResult: async (id, result) => void results.set(id, result),
    result: async (id) => results.get(id),
    steps: async () => undefined,
    putScan: async (id, scan) => void scans.set(id, scan),
    scan: async (id) => scans.get(id),
    scanners: async (id) => scannerReports.get(id),
    putScanners: async (id, reports) => void scannerReports.set(id, reports),
    putComparison: async (id, comparison) => void comparisons.set(id, comparison),
    comparison: async (id) => comparisons.get(id),
    putReleaseFindings: async ({ project, digest }, findings) =>
      void releaseFindings.set(`${project}@${digest}`, findings),
    releaseFindings: async ({ project, digest }) => releaseFindings.get(`${project}@${digest}`),
  };
  const runs = new Map<string, 'running' | 'telling' | 'ended' | 'aborted'>();
  /** What was stopped: executions by the build, and CodeBuild's runs. */
  const stopped: string[] = [];
  const executions: Executions = {
    start: async (build) =>
      void (runs.has(build.id) || runs.set(build.id, firstStepOf(build) === 'tell' ? 'telling' : 'running')),
    async status(build) {
      const run = runs.get(build) ?? 'absent';
      return run === 'telling' ? 'running' : run;
    },
    async stop(build) {
      if (runs.get(build) === 'running') {
        runs.set(build, 'aborted');
        stopped.push(build);
      }
      return runs.has(build);
    },
  };
  const codeBuild: CodeBuild = { stop: async (id) => void stopped.push(id) };
  const sent: Trigger[] = [];
  const published: PublishedEvent[] = [];
  const mails: { to: string[]; mail: ReadMail }[] = [];
  const mailer: Mailer = {
    async send({ to, mail }) {
      const addresses = to.map(({ address }) => address);
      mails.push({ to: addresses, mail: { ...mail, ...renderMail(mail, to[0]) } });
      return { sent: addresses, dropped: [] };
    },
  };
  const marks: { commit: string; status: Build['status'] }[] = [];
  const proposals: { project: string; commit: string; state: string; description: string; action?: unknown }[] = [];
  const statuses: CommitStatuses = {
    set: async (build) => void marks.push({ commit: build.commit, status: build.status }),
    setForPullRequest: async ({ name }, { commit }, status) =>
      void proposals.push({ project: name, commit, ...status }),
  };

  return {
    client,
    builds,
    projects,
    problems,
    cascades: createCascades(client, 'cascades'),
    digests: createDigests(client, 'cascades'),
    dependents,
    rebuilds: createRebuilds(client, 'cascades'),
    /** What was put on the event bus. */
    published,
    eventBus: { publish: async (event: PublishedEvent) => void published.push(event) },
    /** The triggers that were put into the queue, in the order of their sending. */
    sent,
    triggers: {
      send: async (trigger: Trigger) => void sent.push(trigger),
      sendBatch: async (triggers: readonly Trigger[]) => void sent.push(...triggers),
    },
    bases,
    recordBases: createRecordBases({ bases, dependents, projects, repositoryPrefix: 'slipway/' }),
    deliveries: createDeliveries(client, 'deliveries'),
    heads: createHeads(client, 'heads'),
    indexHead: createIndexHead(client, 'deliveries'),
    ownCommits: createOwnCommits(client, 'deliveries'),
    releases: createReleases(client, 'releases'),
    urlNotifications: createUrlNotifications(client, 'urlNotifications'),
    holds: createHolds(client, 'releases'),
    /** The builder's requests, in the order of their writing. */
    requests,
    results,
    scans,
    scannerReports,
    comparisons,
    /** By project and digest: `demo/app:latest@sha256:…`. */
    releaseFindings,
    records,
    /** The executions, by build. */
    runs,
    executions,
    codeBuild,
    stopped,
    mails,
    mailer,
    /** Everybody agreed. */
    recipients: {
      of: async ({ notifyEmail }: { notifyEmail: string[] }) => notifyEmail.map((address) => ({ address })),
      ask: async (_: readonly { notifyEmail: string[] }[]) => undefined,
    },
    marks,
    /** What is said at the heads of pull requests without a build. */
    proposals,
    statuses,

    async allBuilds(): Promise<Build[]> {
      return (await builds.list({}, { limit: 1000 })).items;
    },

    /** A project of the index. All are built from one repository, except where `over` names another. */
    async track(over: Partial<Project> = {}): Promise<Project> {
      const { gitUrl, source } = sampleProject();
      const project = sampleProject(over.name, { gitUrl, source, ...over });
      await projects.put(project);
      return project;
    },

    /** A build as it is after its acceptance, and then changed. */
    async queue(id: string, over: Partial<Build> = {}): Promise<Build> {
      const build = buildOf(id, over);
      if (!(await builds.create(build))) throw new Error(`${id} is there already.`);
      return build;
    },

    [Symbol.asyncDispose]: async () => client.destroy(),
  };
}

export type TestServices = Awaited<ReturnType<typeof setUpServices>>;

export function buildOf(id: string, over: Partial<Build> = {}): Build {
  const createdAt = over.createdAt ?? new Date().toISOString();
  return {
    id,
    project: 'demo/app:latest',
    status: 'queued',
    cause: { type: 'push', delivery: 'd', ref: 'refs/heads/main', commit, pusher: 'someone' },
    commit,
    ref: 'refs/heads/main',
    sourceUrl: 'https://git.example/demo/app.git',
    notifyEmail: ['owner@example.org'],
    sequence: 1,
    createdAt,
    stages: { build: { status: 'running', startedAt: createdAt } },
    ...over,
  };
}
