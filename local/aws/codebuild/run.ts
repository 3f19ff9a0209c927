import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account, Keys } from '../service.ts';
import { type Build, type BuildStatus, enterPhase, leavePhase, type PhaseType } from './build.ts';
import { type Buildspec, BuildspecError, type PhaseName, parseBuildspec, phaseNames } from './buildspec.ts';
import { endProcesses, identityOf, type ProcessIdentity } from './processes.ts';
import { type BuildShell, openShell } from './shell.ts';

export interface RunParts {
  account: Account;
  keys: Keys;
  /** What the machine's container engine needs of the host's environment. */
  engineEnvironment: Record<string, string>;
  /** The folder that the source's archive would hold; undefined: no source. */
  sourceFolder: string | undefined;
  output(text: string | Buffer): void;
  /** Called before the first command, so that a build whose machine was killed can be ended after the restart. */
  started(leader: ProcessIdentity): void;
  changed(): void;
}

type End = Exclude<BuildStatus, 'IN_PROGRESS' | 'SUCCEEDED'>;

export type BuildEnd = Exclude<BuildStatus, 'IN_PROGRESS'>;

export interface BuildRun {
  readonly ended: Promise<BuildEnd>;
  /** Ends every process of the build: TERM, and KILL after the grace. */
  end(status: End, graceMilliseconds?: number): void;
}

const usualGrace = 5_000;
const usualPath = '/usr/local/bin:/usr/bin:/bin';

/** A marker that every process of the build carries in its environment. */
export const markerOf = (build: Pick<Build, 'arn'>): string => `CODEBUILD_BUILD_ARN=${build.arn}`;

const workspaceOf = (account: Pick<Account, 'dataFolder'>, build: Pick<Build, 'id'>): string =>
  join(account.dataFolder, 'builds', build.id.slice(build.id.indexOf(':') + 1));

/** What cannot be removed, because an engine that was killed left something mounted in it, must not keep builds from going on. */
export async function removeWorkspace(
  account: Pick<Account, 'dataFolder' | 'log'>,
  build: Pick<Build, 'id'>,
): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 200 };
  await rm(workspaceOf(account, build), options).catch((error: Error) => {
    account.log('codebuild', `${build.id}: its workspace could not be removed: ${error.message}`);
  });
}

/**
 * Where Node looks for what an earlier build's Node has compiled, a good part of the start of a program. It knows a program by its path from
 * here, which is the same in every workspace. https://nodejs.org/api/module.html#portability-of-the-compile-cache
 */
const compileCacheIn = (workspace: string): string => join(workspace, 'compile-cache');

export type RunBuild = (build: Build, parts: RunParts) => BuildRun;

/** Runs a build's buildspec in its own workspace, which is removed when the build has ended. */
export function runBuild(build: Build, parts: RunParts): BuildRun {
  let cut: End | undefined;
  let leader: ProcessIdentity | undefined;
  const interrupted = Promise.withResolvers<void>();
  let grace = usualGrace;
  const end = (status: End, graceMilliseconds = usualGrace) => {
    cut ??= status;
    grace = Math.min(grace, graceMilliseconds);
    interrupted.resolve();
  };
  const timer = setTimeout(end, build.timeoutInMinutes * 60_000, 'TIMED_OUT');
  const isCut = () => cut !== undefined;

  const work = async (): Promise<Exclude<BuildStatus, 'IN_PROGRESS'>> => {
    const workspace = workspaceOf(parts.account, build);
    try {
      const phases = runPhases(build, workspace, parts, isCut, (identity) => {
        leader = identity;
        parts.started(identity);
      });
      const result = await Promise.race([phases, interrupted.promise]);
      if (result !== undefined && cut === undefined) {
        // Processes that a command left running in the background end with the build.
        await endProcesses(markerOf(build), leader, 0);
        return result;
      }
      const status = cut ?? 'STOPPED';
      leavePhase(build, status, contextOf(status));
      await endProcesses(markerOf(build), leader, grace);
      // The commands are over now; what they still report changes nothing.
      await Promise.race([phases.catch(() => undefined), sleep(1000)]);
      return status;
    } finally {
      clearTimeout(timer);
      await removeWorkspace(parts.account, build);
    }
  };
  return { ended: work(), end };
}

function contextOf(status: End): { statusCode: string; message: string } {
  return status === 'TIMED_OUT'
    ? { statusCode: 'BUILD_TIMED_OUT', message: 'Build has timed out. ' }
    : { statusCode: '', message: '' };
}

async function runPhases(
  build: Build,
  workspace: string,
  parts: RunParts,
  isCut: () => boolean,
  started: (leader: ProcessIdentity) => void,
): Promise<'SUCCEEDED' | 'FAILED'> {
  const enter = (phase: PhaseType) => {
    if (isCut()) return;
    enterPhase(build, phase);
    parts.changed();
  };
  enter('PROVISIONING');
  const source = join(workspace, 'src');
  const folder = join(workspace, 'commands');
  for (const path of [source, folder, join(workspace, 'home'), join(workspace, 'tmp')])
    await mkdir(path, { recursive: true });
  const compiled = join(parts.account.dataFolder, 'cache', 'builder');
  await mkdir(compiled, { recursive: true });
  await symlink(compiled, compileCacheIn(workspace));
  enter('DOWNLOAD_SOURCE');
  if (parts.sourceFolder !== undefined) await cp(parts.sourceFolder, source, { recursive: true });
  let spec: Buildspec;
  try {
    spec = parseBuildspec(await buildspecText(build, source));
  } catch (error) {
    if (!(error instanceof BuildspecError)) throw error;
    leavePhase(build, 'FAILED', { statusCode: 'YAML_FILE_ERROR', message: error.message });
    parts.output(`[Container] ${error.message}\n`);
    return 'FAILED';
  }

  const env = environmentOf(build, workspace, spec, parts);
  await writeFile(join(folder, '.keep'), '');
  const openAndTell = (): BuildShell => {
    const opened = openShell(spec.env.shell === 'bash' ? 'bash' : 'sh', { cwd: source, folder, env }, parts.output);
    const identity = identityOf(opened.pid) ?? { pid: opened.pid, startedAt: '' };
    started(identity);
    return opened;
  };
  let shell = openAndTell();
  let succeeding = true;

  const run = async (command: string): Promise<number> => {
    if (isCut()) return 130;
    // A command that ends the shell (`exit 1`) must not keep `finally` and `post_build` from running.
    if (!shell.alive) shell = openAndTell();
    return shell.run(command);
  };

  for (const name of phaseNames) {
    if (isCut()) return 'FAILED';
    enter(name.toUpperCase() as PhaseType);
    const phase = spec.phases[name];
    if (phase === undefined) continue;
    await run(`export CODEBUILD_BUILD_SUCCEEDING=${succeeding ? 1 : 0}`);
    const failure = await runCommands(phase.commands, run, parts);
    const lastFailure = (await runCommands(phase.finally, run, parts)) ?? failure;
    if (lastFailure === undefined || isCut()) continue;
    leavePhase(build, 'FAILED', { statusCode: 'COMMAND_EXECUTION_ERROR', message: lastFailure });
    if (phase['on-failure'] === 'CONTINUE') continue;
    succeeding = false;
    // A failed build phase still has its post_build; a failed install, pre_build or post_build ends the build.
    // https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
    if (goesOn(name, phase['on-failure'])) continue;
    break;
  }
  await shell.close();
  enter('FINALIZING');
  return succeeding ? 'SUCCEEDED' : 'FAILED';
}

function goesOn(name: PhaseName, onFailure: 'ABORT' | 'CONTINUE' | undefined): boolean {
  return name === 'build' && onFailure !== 'ABORT';
}

async function runCommands(
  commands: string[],
  run: (command: string) => Promise<number>,
  parts: RunParts,
): Promise<string | undefined> {
  for (const command of commands) {
    const time = new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll('-', '/');
    parts.output(`[Container] ${time} Running command ${command}\n`);
    const status = await run(command);
    if (status !== 0) {
      const message = `Error while executing command: ${command}. Reason: exit status ${status}`;
      parts.output(`[Container] ${message}\n`);
      return message;
    }
  }
  return undefined;
}

/** A project's buildspec is text, the name of a file of the source, or `buildspec.yml`. */
async function buildspecText(build: Build, source: string): Promise<string> {
  const given = build.source.buildspec;
  if (given?.includes('\n') || given?.trimStart().startsWith('{')) return given;
  const path = given ?? 'buildspec.yml';
  const text = await readFile(join(source, path), 'utf8').catch(() => undefined);
  if (text === undefined) throw new BuildspecError(`${path}: the source has no such file`);
  return text;
}

/** https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html */
function environmentOf(build: Build, workspace: string, spec: Buildspec, parts: RunParts): Record<string, string> {
  const given = build.environment.environmentVariables.map(({ name, value }) => [name, value] as const);
  const source = join(workspace, 'src');
  return {
    ...parts.engineEnvironment,
    PATH: [dirname(process.execPath), parts.engineEnvironment.PATH ?? process.env.PATH ?? usualPath].join(':'),
    LANG: 'C.UTF-8',
    HOME: join(workspace, 'home'),
    TMPDIR: join(workspace, 'tmp'),
    NODE_COMPILE_CACHE: compileCacheIn(workspace),
    NODE_COMPILE_CACHE_PORTABLE: '1',
    ...spec.env.variables,
    ...Object.fromEntries(given),
    AWS_ACCESS_KEY_ID: parts.keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: parts.keys.secretAccessKey,
    AWS_ENDPOINT_URL: parts.account.endpoint,
    AWS_REGION: parts.account.region,
    AWS_DEFAULT_REGION: parts.account.region,
    CODEBUILD_BUILD_ARN: build.arn,
    CODEBUILD_BUILD_ID: build.id,
    CODEBUILD_BUILD_IMAGE: build.environment.image,
    CODEBUILD_BUILD_NUMBER: String(build.buildNumber),
    CODEBUILD_BUILD_SUCCEEDING: '1',
    CODEBUILD_CI: 'true',
    CODEBUILD_INITIATOR: build.initiator,
    CODEBUILD_KMS_KEY_ID: build.encryptionKey,
    CODEBUILD_LOG_PATH: build.logs.streamName,
    CODEBUILD_SOURCE_VERSION: build.sourceVersion ?? '',
    CODEBUILD_SRC_DIR: source,
    CODEBUILD_START_TIME: String(Math.round(build.startTime * 1000)),
  };
}
