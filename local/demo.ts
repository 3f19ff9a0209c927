import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PortError } from './address.ts';
import {
  type ContainerEngine,
  ContainerEngineMissingError,
  ensureContainerEngine,
  GitMissingError,
  InstallationFailedError,
} from './container-engine.ts';
import { DataFolderError } from './data-folder.ts';
import { type DemoArguments, readArguments, UsageError, usage } from './demo/arguments.ts';
import { usualPort } from './demo/port.ts';
import { checkImage, checkInbox, checkRecords } from './demo/promises.ts';
import { letGoOn, type TakenBack, takeBack } from './demo/rollback.ts';
import { PackagesMissingError } from './demo/root-file-system.ts';
import { prepareServer, removeContainer, watchServer } from './demo/server.ts';
import { createSlipwayClient } from './demo/slipway-client.ts';
import { exampleRecords } from './demo/sources.ts';
import { createSteps, type Steps } from './demo/steps.ts';
import { prepareRootFileSystem, type Server, type Setting, type Story, tellStory } from './demo/story.ts';
import { invitation, summary } from './demo/summary.ts';
import { type Machine, startMachine } from './machine.ts';
import { createProgress, type Progress, seconds } from './progress.ts';
import { temporaryFolder } from './temporary-folder.ts';

interface Stage {
  progress: Progress;
  signal: AbortSignal;
  workspace: string;
  dataFolder: string;
  logFile: string;
}

async function demo({ keep, port: wantedPort }: DemoArguments, outer: Stage): Promise<void> {
  const { progress, dataFolder, logFile, workspace } = outer;
  const end = new AbortController();
  const signal = AbortSignal.any([outer.signal, end.signal]);
  const steps = createSteps(progress, signal);
  const begun = performance.now();
  const port = wantedPort ?? (await usualPort());
  // Opened with its first line: only the machine knows whether the folder can be used.
  let log: WriteStream | undefined;
  const openLog = () =>
    createWriteStream(logFile, { flags: 'a' }).once('error', ({ message }) =>
      progress.say(`The log ends here: ${message}`),
    );
  let machine: Promise<Machine> | undefined;
  let server: Server | undefined;
  const start = (activity: (text: string) => void) => {
    machine = startMachine({
      dataFolder,
      port,
      scanner: 'records',
      osvFolder: exampleRecords,
      // It builds nothing but this repository's examples.
      trustsBuilds: true,
      activity,
      output(line) {
        log ??= openLog();
        log.write(`${line}\n`);
      },
    });
    return machine;
  };
  try {
    const engine = showEngine(steps, progress);
    const rootFileSystem = engine.then(() => prepareRootFileSystem({ steps, workspace }));
    const [{ name }, archive, { url, gitCredentials, account, credentials }] = await Promise.all([
      engine,
      rootFileSystem,
      showMachine(steps, start),
    ]);
    const client = createSlipwayClient(url, signal);
    const operator = { endpoint: account.endpoint, region: account.region, credentials };
    server = await prepareServer(operator, { dataFolder, signal });
    const setting: Setting = { url, gitCredentials, operator, server, client, steps, workspace, signal };
    const story = await tellStory(setting, archive);
    const takenBack = await checkPromises(setting, story, name);

    const { paint, columns } = progress;
    progress.close();
    const lines = summary(story, takenBack, { url, engine: name, paint, columns });
    const took = seconds(performance.now() - begun);
    print(...lines, '', paint('green', `Everything that the demo promises happened, in ${took}.`));
    if (!keep) return;
    print('', ...invitation({ url, gitCredentials }));
    await untilAborted(signal);
  } finally {
    progress.close();
    end.abort(new Error('The demo has ended.'));
    if (server) await removeContainer(server, `localhost:${port}`);
    // What does not stop is left to the process's end.
    const stopped = steps.settled().then(async () => (await machine)?.stop());
    await Promise.race([stopped.catch(() => undefined), delay(15_000)]);
    log?.end();
  }
}

function showEngine(steps: Steps, progress: Progress): Promise<ContainerEngine> {
  return steps.run(
    'container engine',
    300,
    (task, signal) => {
      task.update('looking for Docker, Podman or Buildah');
      const say = (line: string) => {
        progress.say(line);
        task.update('installing');
      };
      return ensureContainerEngine({ say, progress: (activity) => task.detail(activity), signal });
    },
    (task, { name, version, installed }) =>
      task.succeed(`${name} ${version}${installed ? ', installed from the distribution’s packages' : ''}`),
  );
}

function showMachine(steps: Steps, start: (activity: (text: string) => void) => Promise<Machine>): Promise<Machine> {
  return steps.run(
    'Slipway',
    // The template and its bundles are one run of a program that says nothing.
    300,
    (task) => start((text) => task.update(text)),
    (task, { url }) => task.succeed(`runs at ${url}`),
  );
}

async function checkPromises(setting: Setting, story: Story, engine: ContainerEngine['name']): Promise<TakenBack> {
  const { steps } = setting;
  const image = steps.run(
    'run the image',
    60,
    (task, signal) => checkImage(setting, story, { engine, task, signal }),
    (task, result) => task.succeed(result),
  );
  const { changedText } = story;
  await watchServer(setting, {
    title: 'run it on a server',
    release: story.change,
    shows: (page) => page.includes(changedText),
  });
  const [takenBack] = await Promise.all([takeBack(setting, story), image]);
  const back = { title: 'go back on the server', release: takenBack };
  const wentBack = setting.server && watchServer(setting, { ...back, shows: (page) => !page.includes(changedText) });
  const records = steps.run(
    'compare the records',
    60,
    async (task) => {
      task.update('reading tags, digests, manifests, mails and pages');
      const result = await checkRecords(setting, story, takenBack);
      await checkInbox(setting, story, takenBack);
      return result;
    },
    (task, result) => task.succeed(result),
  );
  await Promise.all([records, wentBack, letGoOn(setting)]);
  return takenBack;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  // Something has to keep the process alive, should the machine not.
  const alive = setInterval(() => undefined, 60_000);
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(clearInterval(alive)), { once: true });
  });
}

/** How to look around once the demo has ended. */
function afterwards({ keep, data }: DemoArguments): string {
  if (data !== undefined) return ` Its data is kept. To go on with it: npm run local -- --data "${data}"`;
  return keep ? '' : ' To leave it running, with pages, mails and registry: npm run demo -- --keep';
}

function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Ctrl-C ends the demo in order; a second one ends it at once. npm passes the first one on, so it arrives twice. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (first !== undefined && performance.now() - first > 1000) process.exit(130);
      first ??= performance.now();
      controller.abort(new Error(`Ended by ${name}.`));
    });
  }
  return controller.signal;
}

/** Nothing has begun when one of these is thrown, so there is nothing to look into. */
const beforeTheStart = [
  ContainerEngineMissingError,
  GitMissingError,
  InstallationFailedError,
  PackagesMissingError,
  PortError,
  DataFolderError,
];

/** The process's exit code. */
async function main(args: string[]): Promise<number> {
  const options = readArguments(args);
  if (options.help) {
    print(usage);
    return 0;
  }
  const signal = interruption();
  const workspace = await mkdtemp(join(temporaryFolder(), 'slipway-demo-'));
  const dataFolder = options.data ?? join(workspace, 'data');
  const logFile = join(dataFolder, 'demo.log');
  const progress = createProgress({ screen: process.stdout });
  progress.say(progress.paint('bold', 'Slipway: from a git push to a scanned, released image, on this machine'));
  try {
    await demo(options, { progress, signal, dataFolder, logFile, workspace });
    print(`Slipway is stopped.${afterwards(options)}`);
  } catch (error) {
    progress.close();
    if (signal.aborted) {
      await rm(workspace, { recursive: true, force: true });
      print('Stopped, and cleaned up.');
      return 130;
    }
    console.error(
      `${progress.paint('red', 'The demo failed.')} ${error instanceof Error ? error.message : String(error)}`,
    );
    if (beforeTheStart.some((kind) => error instanceof kind)) await rm(workspace, { recursive: true, force: true });
    else console.error(`What Slipway did is in ${logFile}. To look around: npm run local -- --data "${dataFolder}"`);
    return 1;
  }
  await rm(workspace, { recursive: true, force: true });
  return 0;
}

try {
  // Whatever should still be open, a socket or a build that does not end, is not waited for.
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
