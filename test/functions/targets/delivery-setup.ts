import type { ManifestTarget } from '../../../core/model/deploy-target.ts';
import type { Deliverable } from '../../../core/targets/deliverable.ts';
import type { TargetState } from '../../../core/targets/target-state.ts';
import { createProposeManifests } from '../../../functions/manifests/propose-manifests.ts';
import { createPushManifests } from '../../../functions/manifests/push-manifests.ts';
import { createWriteManifests } from '../../../functions/manifests/write-manifests.ts';
import { createDelivery } from '../../../functions/targets/deliver-release.ts';
import { createTrackTargets } from '../../../functions/targets/track-targets.ts';
import type { SignCommit } from '../../../services/git-host/git-files.ts';
import { createGitRepositories } from '../../../services/git-host/git-repository.ts';
import type { GithubPulls, Pull } from '../../../services/git-host/github-pulls.ts';
import { createPublicFetch, type PublicFetch } from '../../../services/http/public-fetch.ts';
import { createOwnCommits } from '../../../services/tables/own-commits.ts';
import { createTargets } from '../../../services/tables/targets.ts';
import { startFakeGitHost } from '../../builder/fake-git-host.ts';
import { sampleProject } from '../../core/sample-project.ts';
import { createTables, stateTables } from '../../services/tables.ts';
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
}

/** A git host with a repository of manifests, and the delivery as its functions have it. */
export async function setUpDelivery(deploy: ManifestTarget[], { files = {}, sign }: Setup = {}) {
  const host = await startFakeGitHost();
  const manifests = Object.fromEntries(deploy.map(({ path }) => [path, 'image: demo/app # here\n']));
  host.commit('ops/live', { 'README.md': '# Live\n', ...manifests, ...files });
  for (const [key, value] of [
    ['http.receivepack', 'true'],
    ['receive.denyCurrentBranch', 'ignore'],
    ['uploadpack.allowFilter', 'true'],
  ] as const)
    host.git('ops/live', 'config', key, value);
  const client = createTables(stateTables);
  const targets = createTargets(client, 'targets');
  const ownCommits = createOwnCommits(client, 'deliveries');
  const fetchHere = createPublicFetch({ privateHosts: ['localhost', '127.0.0.1'] });
  const network: { fetch: PublicFetch } = { fetch: fetchHere };
  const pulls = createPulls();
  const services = {
    repositories: createGitRepositories((...request) => network.fetch(...request)),
    ownCommits,
    isWanted: async ({ state }: { state: { project: string; target: string; revision: number } }) =>
      (await targets.get(state.project, state.target))?.revision === state.revision,
    author: { name: 'Slipway', email: 'slipway@example.org' },
    sign,
    siteUrl: 'https://slipway.example.org',
  };
  const writeManifests = createWriteManifests({
    push: createPushManifests(services),
    propose: createProposeManifests({ ...services, pulls }),
    credentials: async () => undefined,
    gitHost: host.url,
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
  const all: (Pull & { branch: string; base: string })[] = [];
  const api: GithubPulls = {
    openFrom: async (_, branch) => all.find((pull) => pull.branch === branch && pull.state === 'open'),
    get: async (_, number) => all[number - 1],
    async open(_, { head, base, title, body }) {
      const number = all.length + 1;
      const html_url = `https://git.example/ops/live/pull/${number}`;
      const pull: (typeof all)[number] = {
        number,
        html_url,
        state: 'open',
        title,
        body,
        branch: head,
        base,
        head: { sha: '' },
      };
      all.push(pull);
      return pull;
    },
    async change(_, number, change) {
      const pull = all[number - 1];
      if (!pull) throw new Error('There is no such pull request.');
      return Object.assign(pull, change);
    },
  };
  return { ...api, all };
}
