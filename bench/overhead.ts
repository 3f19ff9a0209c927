import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildOptions, enginePrefix, findIsolation } from '../builder/engines/isolation.ts';
import { limits } from '../builder/engines/limits.ts';
import { Store } from '../builder/engines/store.ts';
import { type BuildPeriod, periodsOf } from '../core/builds/build-periods.ts';
import type { Stage, StageName } from '../core/model/build.ts';
import { run as runCommand } from '../local/command.ts';
import { findContainerEngine } from '../local/container-engine.ts';
import { makeRootFileSystem } from '../local/demo/root-file-system.ts';
import type { Machine } from '../local/machine.ts';
import { createWorkingCopy, entry, smallDebian, type WorkingCopy } from '../test/e2e/sources.ts';
import { since, stepsOf } from './builder-log.ts';
import { withMachine } from './machine.ts';
import { atMost, median, type Row } from './report.ts';

const rounds = 3;
/** Longer than the functions of one machine stay after a build (`local/aws/lambda/idle-instances.ts`). */
const pauseMilliseconds = 75_000;

/** The image is the example's root file system; what differs is how long its build works. */
const contexts = {
  trivial: { job: 'trivial', dockerfile: `${smallDebian}COPY stamp /stamp\n` },
  long: {
    job: 'long',
    // A processor's work, not a sleep: what the pipeline does beside the build must not be hidden in its pauses.
    dockerfile: `${smallDebian}RUN ["/bin/busybox", "--install", "-s", "/bin"]\nCOPY stamp /stamp\nRUN i=0; while [ $i -lt 64 ]; do head -c 100000000 /dev/zero | sha256sum >/dev/null; i=$((i+1)); done\n`,
  },
};

/**
 * From the accepted push to the release, compared with the bare engine's `build` and `push` of the same context, whose commands run in the
 * same containers; the two alternate.
 */
export function run({ trace }: { trace: boolean }): Promise<Row[]> {
  return withMachine(async (machine, folder) => {
    const archive = join(folder, 'rootfs.tar');
    await makeRootFileSystem({ archive, workspace: join(folder, 'packages'), say: () => undefined });
    await pushIndex(machine);
    const rows: Row[] = [];
    for (const [name, { job, dockerfile }] of Object.entries(contexts)) {
      const copy = await createWorkingCopy(machine, `demo/${job}`);
      await copy.write({ Dockerfile: dockerfile });
      await copy.add('rootfs.tar', archive);
      const times: Times[] = [];
      for (let round = 1; round <= rounds; round++) {
        const bare = await timeOfBareEngine(machine, folder, copy, job);
        const time = { ...(await timeOfPipeline(machine, copy, job, bare)), bare };
        times.push(time);
        const said = `${time.pipeline.toFixed(1)} s from push to release, ${bare.toFixed(1)} s bare`;
        process.stderr.write(`  ${name} image, ${round} of ${rounds}: ${said}\n`);
      }
      rows.push(...rowsOf(name, times), ...(trace ? traceOf(name, times) : []));
      if (name === 'trivial') rows.push(await rowAfterPause(machine, copy, job));
      await copy.remove();
    }
    return rows;
  });
}

/** In seconds. */
interface Times {
  bare: number;
  pipeline: number;
  /** Of the pipeline's, what the scanners in the image take; `scanners.ts` has their own bound. */
  scanners: number;
  /** What the step `Sign` adds: from its begin to that of the release. */
  signing: number;
  /** Where the pipeline's time went: how long each stage of the build took, and each step of the builder in it. */
  trace: ReadonlyMap<string, number>;
}

function rowsOf(name: string, times: Times[]): Row[] {
  const benchmark = `overhead, ${name} image`;
  const bare = median(times.map((time) => time.bare));
  const ratio = median(times.map((time) => time.pipeline / time.bare));
  const signing = median(times.map((time) => time.signing));
  const extra = median(times.map((time) => time.pipeline - time.bare));
  return [
    { benchmark, figure: 'push to release', value: median(times.map((time) => time.pipeline)), unit: 's' },
    { benchmark, figure: 'bare build and push', value: bare, unit: 's' },
    { benchmark, figure: 'scanners in the image', value: median(times.map((time) => time.scanners)), unit: 's' },
    { benchmark, figure: 'signing', value: signing, unit: 's', ...atMost(0.3, signing) },
    { benchmark, figure: 'ratio', value: ratio, unit: '×', ...(bare >= 20 ? atMost(1.05, ratio) : {}) },
    { benchmark, figure: 'difference', value: extra, unit: 's', ...(bare < 20 ? atMost(2, extra) : {}) },
  ];
}

/** The functions that a build needs have ended meanwhile. */
async function rowAfterPause(machine: Machine, copy: WorkingCopy, job: string): Promise<Row> {
  await delay(pauseMilliseconds);
  const { pipeline } = await timeOfPipeline(machine, copy, job, 0);
  return { benchmark: 'overhead, trivial image', figure: 'push to release, after a pause', value: pipeline, unit: 's' };
}

function traceOf(name: string, times: Times[]): Row[] {
  const figures = new Set(times.flatMap(({ trace }) => [...trace.keys()]));
  return [...figures].map((figure) => {
    const value = median(times.flatMap(({ trace }) => trace.get(figure) ?? []));
    return { benchmark: `overhead, ${name} image`, figure, value, unit: 's' };
  });
}

async function pushIndex(machine: Machine): Promise<void> {
  const { url, indexRepository } = machine;
  const index = await createWorkingCopy(machine, indexRepository);
  const entries = Object.values(contexts).map(({ job }, at) => entry(url, job, { id: String(at + 1) }));
  await index.write({ 'index.d/demo.yml': `Projects:\n${entries.join('\n')}\n` });
  await index.push('Track the images of the benchmark');
  await index.remove();
  const names = async () =>
    ((await (await fetch(`${url}/api/v1/projects`)).json()) as { items: { name: string }[] }).items.length;
  while ((await names()) < entries.length) await delay(100);
}

async function stamp(copy: WorkingCopy): Promise<void> {
  await writeFile(join(copy.folder, 'stamp'), crypto.randomUUID());
}

interface ShownBuild {
  id: string;
  commit: string;
  status: string;
  endedAt: string | null;
  stages: (Stage & { name: StageName })[];
  failure: unknown;
}

type EndedBuild = Pick<ShownBuild, 'stages'> & { endedAt: string };

async function timeOfPipeline(
  { url }: Machine,
  copy: WorkingCopy,
  job: string,
  bare: number,
): Promise<Omit<Times, 'bare'>> {
  await stamp(copy);
  const commit = await copy.push('Build again');
  const accepted = Date.now();
  // The record says when the build ended. To ask more often, or before it can have ended, would take a part of what is measured.
  await delay(1000 * bare);
  for (;;) {
    await delay(1000);
    const response = await fetch(`${url}/api/v1/builds?project=${encodeURIComponent(`demo/${job}:latest`)}`);
    const { items } = (await response.json()) as { items: ShownBuild[] };
    const build = items.find((each) => each.commit === commit);
    if (!build?.endedAt) continue;
    if (build.status !== 'released')
      throw new Error(`The build ended as ${build.status}: ${JSON.stringify(build.failure)}`);
    const begun = (name: string) => Date.parse(build.stages.find((stage) => stage.name === name)?.startedAt ?? '');
    const log = await (await fetch(`${url}/api/v1/builds/${build.id}/log`)).text();
    return {
      pipeline: (Date.parse(build.endedAt) - accepted) / 1000,
      scanners: since(log, 'done') - since(log, 'scan'),
      signing: (begun('release') - begun('sign')) / 1000,
      trace: timeline({ ...build, endedAt: build.endedAt }, log, accepted),
    };
  }
}

/** As the build's page shows it, and what is left: the way to the first stage, and the ways from one to the next. */
function timeline({ stages, endedAt }: EndedBuild, log: string, acceptedAt: number): Map<string, number> {
  const ended = new Date(endedAt);
  // People are told once the image is released.
  const counted = stages.filter(({ startedAt }) => startedAt < endedAt);
  const periods = periodsOf(
    { stages: Object.fromEntries(counted.map((each) => [each.name, each])) },
    stepsOf(log),
    ended,
  );
  const took = ({ startedAt, endedAt: end }: BuildPeriod) => (Date.parse(end) - Date.parse(startedAt)) / 1000;
  const begun = Date.parse(counted[0]?.startedAt ?? endedAt);
  const inStages = periods.filter(({ kind }) => kind === 'stage').reduce((sum, period) => sum + took(period), 0);
  return new Map([
    ['webhook and plan', (begun - acceptedAt) / 1000],
    ...periods.map((period): [string, number] => [`${period.kind}: ${period.name}`, took(period)]),
    ['between the stages', (ended.getTime() - begun) / 1000 - inStages],
  ]);
}

async function timeOfBareEngine(
  { url, credentials, dataFolder }: Machine,
  folder: string,
  copy: WorkingCopy,
  job: string,
): Promise<number> {
  const { engine } = await findContainerEngine();
  if (!engine) throw new Error('There is no container engine: npm run demo installs one.');
  const host = new URL(url).host;
  const image = `${host}/bench/${job}:bare`;
  const auth = Buffer.from(`${credentials.accessKeyId}:${credentials.secretAccessKey}`).toString('base64');
  await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }), { mode: 0o600 });
  const environment = { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: join(folder, 'config.json') };
  await stamp(copy);
  const begun = performance.now();
  if (engine.name === 'docker') {
    await runCommand('docker', ['buildx', 'build', '--provenance=false', '--push', `--tag=${image}`, copy.folder], {
      environment,
    });
  } else {
    const [program = '', ...args] = await bareBuild(engine.name, dataFolder);
    await runCommand(program, [...args, `--tag=${image}`, copy.folder]);
    await runCommand(engine.name, ['push', '--tls-verify=false', image], { environment });
  }
  return (performance.now() - begun) / 1000;
}

/** The engine's own command, in the containers that the machine's builds have: what these cost is not the pipeline's. */
async function bareBuild(program: 'podman' | 'buildah', dataFolder: string): Promise<string[]> {
  const env = { PATH: process.env.PATH ?? '', XDG_CACHE_HOME: join(dataFolder, 'cache') };
  const { signal } = new AbortController();
  const isolation = await findIsolation(new Store(program, env, 'bare'), { env, signal });
  const prefix = await enginePrefix(isolation, { env, signal });
  return [...prefix, program, 'build', '--layers', ...buildOptions(isolation), ...(await limits())];
}
