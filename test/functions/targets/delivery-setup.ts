import type { ManifestTarget } from '../../../core/model/deploy-target.ts';
import type { Deliverable } from '../../../core/targets/deliverable.ts';
import type { TargetState } from '../../../core/targets/target-state.ts';
import { createProposeManifests } from '../../../functions/manifests/propose-manifests.ts';
import { createPushManifests } from '../../../functions/manifests/push-manifests.ts';
import { createWriteManifests } from '../../../functions/manifests/write-manifests.ts';
import { createDelivery } from '../../../functions/targets/deliver-release.ts';
import { createTrackTargets } from '../../../functions/targets/track-targets.ts';
import type { DeployCredentials } from '../../../services/git-host/deploy-credentials.ts';
import type { SignCommit } from '../../../services/git-host/git-files.ts';
import { createGitRepositories } from '../../../services/git-host/git-repository.ts';
import { createGitHosts } from '../../../services/git-host/hosts.ts';
import type { OwnPullRequest, OwnPullRequests } from '../../../services/git-host/repository-api.ts';
import { createPublicFetch, type PublicFetch } from '../../../services/http/public-fetch.ts';
import { createOwnCommits } from '../../../services/tables/own-commits.ts';
import { createTargets } from '../../../services/tables/targets.ts';
import { startFakeGitHost } from '../../builder/fake-git-host.ts';
import { sampleProject } from '../../core/sample-project.ts';
import { createTables } from '../../services/tables.ts';
import { silentLogger } from '../services-setup.ts';

const projectName = 'demo/app:latest';
const digestOf = (number: number) => `sha256:${String(number).padStart(64, '0')}`;
export const imageOf = (number: number, tag = `build-${number}`) =>
  `registry.example.org/demo/app:${tag}@${digestOf(number)}`;

/** The release number 1, 2, 3 … of the project's branch, or of a version. */
export function releaseOf(number: number, over: Partial<Deliverable> = {}): Deliverable {
  return {
    build: `build${number}`,
    repository: 'registry.example.org/demo/app',
    digest: digestOf(number),
    tag: `build-${number}`,
    tags: ['latest', `build-${number}`],
    ref: 'refs/heads/main',
    commit: String(number).repeat(40).slice(0, 40),
    sourceUrl: 'https://git.example/demo/app.git',
    releasedAt: new Date(Date.UTC(2026, 10, 1, number)).toISOString(),
    why: `Push number ${number}`,
    ...over,
  };
}

export function targetOf(name: string, over: Partial<ManifestTarget> = {}): ManifestTarget {
  const path = `${name}/app.yaml`;
  return { name, repository: 'ops/live', path, kind: 'kubernetes', mode: 'push', on: 'branch', skipCi: false, ...over };
}

interface Setup {
  files?: Record<string, string>;
  sign?: SignCommit;
  credentials?: DeployCredentials;
}

/** A git host with a repository of manifests, and the delivery as its functions have it. */
export async function setUpDelivery(
  deploy: ManifestTarget[],
  { files = {}, sign, credentials = async () => undefined }: Setup = {},
) {
  const host = await startFakeGitHost();
  const manifests = Object.fromEntries(deploy.map(({ path }) => [path, 'image: demo/app # here\n']));
  host.commit('ops/live', { 'README.md': '# Live\n', ...manifests, ...files });
  for (const [key, value] of [
    ['http.receivepack', 'true'],
    ['receive.denyCurrentBranch', 'ignore'],
    ['uploadpack.allowFilter', 'true'],
  ] as const)
    host.git('ops/live', 'config', key, value);
  const client = createTables();
  const targets = createTargets(client, 'targets');
  const ownCommits = createOwnCommits(client, 'deliveries');
  const fetchHere = createPublicFetch({ privateHosts: ['localhost', '127.0.0.1'] });
  const network: { fetch: PublicFetch } = { fetch: fetchHere };
  const pulls = createPulls();
  const gitHost = { kind: 'github', url: host.url, apiUrl: host.url } as const;
  const hosts = createGitHosts([gitHost], async () => undefined);
  const services = {
    repositories: createGitRepositories((...request) => network.fetch(...request)),
    credentials,
    ownCommits,
    isWanted: async ({ state }: { state: { project: string; target: string; revision: number } }) =>
      (await targets.get(state.project, state.target))?.revision === state.revision,
    author: { name: 'Slipway', email: 'slipway@example.org' },
    sign,
    siteUrl: 'https://slipway.example.org',
  };
  const writeManifests = createWriteManifests({
    push: createPushManifests(services),
    propose: createProposeManifests(services),
    gitHosts: [gitHost],
    repositoryAt(url) {
      const repository = hosts.repositoryAt(url);
      return repository && { ...repository, pulls };
    },
  });
  const notified: TargetState[] = [];
  const notify = async (state: TargetState) => void notified.push(state);
  const track = createTrackTargets({ targets, notify, logger: silentLogger });
  const delivery = createDelivery({ targets, track, writeManifests, workers: { start: async () => undefined } });
  const project = sampleProject(projectName, { deploy });
  return {
    host,
    client,
    targets,
    ownCommits,
    network,
    pulls,
    track,
    /** What people got a mail about. */
    notified,
    delivery,
    project,
    deliver: (release: Deliverable) => delivery.deliver(project, release, { call: { type: 'release' } }),
    stateOf: async (target: string) => targets.get(projectName, target),
    file: (path: string, branch = 'main') => host.git('ops/live', 'show', `${branch}:${path}`),
    commits: (branch = 'main') => Number(host.git('ops/live', 'rev-list', '--count', branch)),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

/** The host's pull requests, in memory. */
function createPulls() {
  const all: (OwnPullRequest & { branch: string; base: string })[] = [];
  const pullOf = (number: number) => {
    const pull = all[number - 1];
    if (!pull) throw new Error('There is no such pull request.');
    return pull;
  };
  const api: OwnPullRequests = {
    openFrom: async (branch) => all.find((pull) => pull.branch === branch && pull.isOpen),
    get: async (number) => all[number - 1],
    async open({ head, base, title, body }) {
      const number = all.length + 1;
      const url = `https://git.example/ops/live/pull/${number}`;
      const pull = { number, url, title, body, base, branch: head, isOpen: true, isMerged: false };
      all.push(pull);
      return pull;
    },
    async change(number, text) {
      Object.assign(pullOf(number), text);
    },
    async close(number) {
      pullOf(number).isOpen = false;
    },
  };
  return { ...api, all };
}
