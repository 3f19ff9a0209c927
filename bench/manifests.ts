import { execFileSync } from 'node:child_process';
import { filesAt } from '../services/git-host/git-files.ts';
import { createGitRepositories } from '../services/git-host/git-repository.ts';
import { createPublicFetch, type PublicFetch } from '../services/http/public-fetch.ts';
import { type FakeGitHost, startFakeGitHost } from '../test/builder/fake-git-host.ts';
import { atMost, median, type Row } from './report.ts';

const apps = 2_000;
const filesPerApp = 10;
const commits = 10_000;
const runs = 5;
const megabyte = 1e6;
const repository = 'ops/live';
const pathOf = (app: number, file: number) => `apps/app-${app}/overlays/production/file-${file}.yaml`;

/** Commits a release to a repository with many files and a long history, as `deliver` does. */
export async function run(): Promise<Row[]> {
  await using host = await startFakeGitHost();
  fill(host);
  const traffic = { bytes: 0 };
  const repositories = createGitRepositories(counted(traffic));
  const seconds: number[] = [];
  const megabytes: number[] = [];
  for (let count = 1; count <= runs; count++) {
    const began = performance.now();
    traffic.bytes = 0;
    const git = await repositories.open({ url: `${host.url}/${repository}.git` });
    const branch = await git.branch('main');
    if (!branch) throw new Error('There is no branch.');
    const files = filesAt(git, branch.commit);
    const found = await files.find(pathOf(1_234, 5), () => true);
    const [content] = await files.read(found?.files ?? []);
    const next = `${content?.toString().replace(/:[^:]*$/, '')}:${count}\n`;
    const author = { name: 'Slipway', email: 'slipway@example.org' };
    const fields = { author, at: new Date(), message: `Deploy ${count}` };
    const made = await files.change(new Map([[pathOf(1_234, 5), Buffer.from(next)]]), fields);
    await git.push(branch.ref, branch.commit, made.commit, made.objects);
    seconds.push((performance.now() - began) / 1000);
    megabytes.push(traffic.bytes / megabyte);
  }
  const benchmark = 'manifests';
  const [time, size] = [median(seconds), Math.max(...megabytes)];
  const what = `a commit among ${apps * filesPerApp} files and ${commits} commits`;
  return [
    { benchmark, figure: what, value: time, unit: 's', ...atMost(2, time) },
    { benchmark, figure: `${what}, transferred`, value: size, unit: 'MB', ...atMost(20, size) },
  ];
}

function fill(host: FakeGitHost): void {
  host.init(repository, '--initial-branch=main');
  for (const [key, value] of [
    ['http.receivepack', 'true'],
    ['receive.denyCurrentBranch', 'ignore'],
    ['uploadpack.allowFilter', 'true'],
  ] as const)
    host.git(repository, 'config', key, value);
  const lines: string[] = [];
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const change = (app: number, file: number, version: number) => {
    const filler = `# ${`${app} ${file} `.repeat(60)}\n`;
    const text = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app-${app}}\n${filler}image: demo/app-${app}:${version}\n`;
    return `M 100644 inline ${pathOf(app, file)}\n${data(text)}`;
  };
  for (let commit = 0; commit < commits; commit++) {
    lines.push(`commit refs/heads/main\ncommitter Somebody <somebody@example.org> ${1_700_000_000 + commit} +0000\n`);
    lines.push(data(`Commit ${commit}`));
    if (commit === 0) {
      for (let app = 0; app < apps; app++)
        for (let file = 0; file < filesPerApp; file++) lines.push(change(app, file, 0));
    } else lines.push(change(commit % apps, commit % filesPerApp, commit));
  }
  const cwd = host.git(repository, 'rev-parse', '--absolute-git-dir');
  execFileSync('git', ['fast-import', '--quiet'], { cwd, input: lines.join('') });
  host.git(repository, 'repack', '-adq');
}

function counted(traffic: { bytes: number }): PublicFetch {
  const fetchHere = createPublicFetch({ privateHosts: ['localhost', '127.0.0.1'] });
  return async (url, request) => {
    traffic.bytes += request?.body?.length ?? 0;
    const response = await fetchHere(url, request);
    async function* body() {
      for await (const chunk of response.body) {
        traffic.bytes += chunk.length;
        yield chunk;
      }
    }
    return { ...response, body: body() };
  };
}
