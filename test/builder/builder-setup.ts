import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import {
  type BuildRequest,
  type BuildResult,
  buildResultSchema,
  recordKeys,
} from '../../core/model/builder-contract.ts';
import { type PackageList, packageListSchema } from '../../core/model/package-list.ts';
import { partOf, platformSchema } from '../../core/model/platform.ts';
import { type ScannerReports, scannerReportsSchema } from '../../core/scanners/report.ts';
import { run } from '../../local/command.ts';
import { makeRootFileSystem } from '../../local/demo/root-file-system.ts';
import { linkCommands } from '../busybox.ts';
import { waitLimit } from '../limits.ts';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { type FakeGitHost, startFakeGitHost } from './fake-git-host.ts';
import { type FakeRegistry, type FakeRegistryOptions, putImage, startFakeRegistry } from './fake-registry.ts';
import { bringIsolation, keepIsolation } from './known-isolation.ts';

export const password = 'a-token-of-the-registry';
export const secretKey = 'the-secret-key-of-the-builders-role';
export const buildToken = 'the-token-of-the-build'.padEnd(43, '_');
const bucket = 'records';

/** The Docker of whoever runs the tests, of which a builder's own home says nothing. */
const ownDocker: NodeJS.ProcessEnv = {
  // Buildah fails where its login is to be in a file that is not there.
  DOCKER_CONFIG: existsSync(join(homedir(), '.docker', 'config.json')) ? join(homedir(), '.docker') : undefined,
  BUILDX_CONFIG: join(homedir(), '.docker', 'buildx'),
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(?:DOCKER|BUILDX)_/.test(name))),
};

export interface Build {
  result: BuildResult;
  log: string;
  /** The log with what commands printed as they printed it: BuildKit puts the step's number and its time before each line. */
  printed: string;
  packages: PackageList | undefined;
  scanners: ScannerReports | undefined;
  parts: string[];
  console: string;
  code: number | null;
}

/** Everything around a builder on one machine: git host, registry, records, and a home and temp folder of its own. */
export class BuilderSetup implements AsyncDisposable {
  readonly registry: FakeRegistry;
  readonly git: FakeGitHost;
  readonly aws: FakeAws;
  readonly home = mkdtempSync(join(tmpdir(), 'builder-home-'));
  readonly runtime = mkdtempSync(join(tmpdir(), 'run-'));
  readonly temporary = mkdtempSync(join(tmpdir(), 'builder-tmp-'));
  /** Further variables of the builder's process. */
  environment: Record<string, string> = {};
  program = inject('builder');
  #next = 1;

  constructor(registry: FakeRegistry, git: FakeGitHost, aws: FakeAws) {
    this.registry = registry;
    this.git = git;
    this.aws = aws;
    bringIsolation(this.home);
  }

  static async open(options: FakeRegistryOptions = {}): Promise<BuilderSetup> {
    const registry = await startFakeRegistry({ password, ...options });
    return new BuilderSetup(registry, await startFakeGitHost(), await startFakeAws({ url: registry.url, password }));
  }

  /** Puts an image that can run commands into the registry, as a release that builds can use. */
  release(repository: string): void {
    putImage(this.registry, repository, 'v1', [busybox.files['busybox.tar']]);
  }

  /** A request for what the repository `app` has at its head. */
  request(commit: string, changes: Partial<BuildRequest> = {}): BuildRequest {
    return {
      id: (this.#next++).toString(16).padStart(16, '0'),
      project: 'demo/app:latest',
      source: { url: `${this.git.url}/app.git`, commit, ref: 'refs/heads/main' },
      dockerfile: 'Dockerfile',
      context: '.',
      candidate: 'candidate/demo/app',
      repositoryPrefix: '',
      labels: {},
      timeoutSeconds: waitLimit / 1000,
      logLimitBytes: 1024 * 1024,
      ...changes,
    };
  }

  /** Commits the files to `app` and builds that. */
  async build(files: Parameters<FakeGitHost['commit']>[1], changes: Partial<BuildRequest> = {}): Promise<Build> {
    return this.run(this.request(this.git.commit('app', files), changes));
  }

  /** Builds within so little time that it ends in the middle of a step: where the step says so, which a slow machine reaches later. */
  async buildUntil(
    step: (log: string) => boolean,
    files: Parameters<FakeGitHost['commit']>[1],
    changes: Partial<BuildRequest> = {},
  ): Promise<Build & { seconds: number }> {
    for (let seconds = 4; ; seconds *= 2) {
      const build = await this.build(files, { ...changes, timeoutSeconds: seconds });
      if (step(build.log)) return { ...build, seconds };
    }
  }

  /** Runs the builder's program. `watch` sees the process while it runs. */
  async run(request: BuildRequest, watch?: (process: ChildProcess) => void): Promise<Build> {
    const { objects, url } = this.aws;
    objects.set(`/${bucket}/${recordKeys.request(request.id)}`, JSON.stringify(request));
    const child = spawn(process.execPath, [this.program], {
      env: {
        PATH: process.env.PATH,
        HOME: this.home,
        TMPDIR: this.temporary,
        // To compile the bundle is a quarter of what its start takes.
        NODE_COMPILE_CACHE: join(dirname(this.program), 'compile-cache'),
        XDG_RUNTIME_DIR: this.runtime,
        ...ownDocker,
        BUILD_ID: request.id,
        BUILD_TOKEN: buildToken,
        CREDENTIALS_FUNCTION: 'build-credentials',
        RECORDS_BUCKET: bucket,
        PREBUILD_IMAGE: 'demo/tools:v1',
        PRIVATE_HOSTS: JSON.stringify([new URL(this.git.url).host]),
        BUILDKIT_IMAGE: `localhost:1/moby/buildkit@sha256:${'0'.repeat(64)}`,
        // What is built here was written here, and not every machine that runs tests can start containers.
        TRUST_BUILDS: 'true',
        PULL_THROUGH: '{}',
        BUILD_SECRETS_PREFIX: 'slipway/build-secrets/',
        AWS_ENDPOINT_URL: url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'the-access-key-id',
        AWS_SECRET_ACCESS_KEY: secretKey,
        ...this.environment,
      },
    });
    let console = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        console += text;
      });
    }
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    watch?.(child);
    const code = await ended;
    const { PLATFORM } = this.environment;
    const recordedAs = PLATFORM === undefined ? request.id : partOf(request.id, platformSchema.parse(PLATFORM));
    const stored = objects.get(`/${bucket}/${recordKeys.result(recordedAs)}`);
    if (stored === undefined) throw new Error(`The builder left no result:\n${console}`);
    const list = objects.get(`/${bucket}/${recordKeys.packages(recordedAs)}`);
    const packages = list === undefined ? undefined : packageListSchema.parse(JSON.parse(list));
    const said = objects.get(`/${bucket}/${recordKeys.scanners(recordedAs)}`);
    const scanners = said === undefined ? undefined : scannerReportsSchema.parse(JSON.parse(said));
    const parts = [...objects]
      .filter(([key]) => key.startsWith(`/${bucket}/${recordKeys.logPrefix(recordedAs)}`))
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([, text]) => text);
    const result = buildResultSchema.parse(JSON.parse(stored));
    const log = parts.join('');
    const printed = log.replaceAll(/^#\d+ \d+\.\d+ ?/gm, '');
    return { result, log, printed, packages, scanners, parts, console, code };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.registry, this.git, this.aws].map((part) => part[Symbol.asyncDispose]()));
    keepIsolation(this.home);
    for (const folder of [this.home, this.temporary, this.runtime]) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** A Dockerfile's first lines for an image that can run commands, and the file that they need. */
export const busybox = {
  dockerfile: 'FROM scratch\nADD busybox.tar /\n',
  files: { 'busybox.tar': await packagedBusybox() },
};

/** The program of Debian's package, with its links: whether the machine itself has one, and what it is linked with, is left open. */
async function packagedBusybox(): Promise<Buffer> {
  const workspace = mkdtempSync(join(tmpdir(), 'builder-busybox-'));
  await makeRootFileSystem({ archive: join(workspace, 'rootfs.tar'), workspace, say: () => undefined });
  const program = join(workspace, 'root/usr/bin/busybox');
  const bin = join(workspace, 'image/bin');
  await linkCommands(program, bin);
  cpSync(program, join(bin, 'busybox'));
  const archive = join(workspace, 'busybox.tar');
  await run('tar', [
    '--create',
    `--file=${archive}`,
    `--directory=${join(workspace, 'image')}`,
    '--owner=0',
    '--group=0',
    'bin',
  ]);
  const packed = readFileSync(archive);
  rmSync(workspace, { recursive: true });
  return packed;
}
