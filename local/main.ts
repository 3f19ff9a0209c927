import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PortError } from './address.ts';
import { describeConfinement } from './confinement.ts';
import {
  ContainerEngineMissingError,
  ensureContainerEngine,
  GitMissingError,
  InstallationFailedError,
} from './container-engine.ts';
import { DataFolderError } from './data-folder.ts';
import { gitLoginCommand } from './git-credentials.ts';
import type { Machine, MachineOptions } from './machine.ts';
import { SynthesisError } from './synthesise.ts';
import { TemplateError } from './template/template.ts';

const scanners = ['auto', 'trivy', 'grype', 'osv-scanner', 'records'] as const;

const usage = `Slipway on this machine: the template that "cdk deploy" would deploy, on a small AWS inside this process.

  npm run local                            start it; Ctrl-C ends it, and its state stays
  npm run local -- --data DIR              keep the state in DIR (default: .slipway)
  npm run local -- --port N                listen on this port of the loopback (default: 4600)
  npm run local -- --scanner NAME          scan images with ${scanners.join(', ')} (default: auto, the first that is installed)
  npm run local -- --osv DIR               where OSV records are, one JSON file each, for the scanner "records"
  npm run local -- --builds N              how many builds run at once (default: 2)
  npm run local -- --trust-builds          build even where no container can be started: only for what you would run as yourself

What it does with a push is what it does on AWS:

  1. Push an index, a repository with index.d/*.yml, to  http://localhost:4600/git/slipway/index.git
  2. Push a project that the index names, for instance to  http://localhost:4600/git/you/app.git
  3. Watch it at  http://localhost:4600/  , read the mail at  /mail  , and pull the image from  localhost:4600/<app>/<job>:<tag>

A push creates the repository; the line "login" that the start prints lets git sign in. A container engine is needed (Docker with
buildx, Podman or Buildah); on Debian or Ubuntu, as root or with sudo, Buildah is installed if there is none.`;

/** The command line asks for something that cannot be. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a person can put right: one line says it all, a stack would only hide it. */
const plainErrors = [
  ContainerEngineMissingError,
  DataFolderError,
  GitMissingError,
  InstallationFailedError,
  PortError,
  SynthesisError,
  TemplateError,
];

/** Runs until a signal ends it; returns the exit code. */
async function main(args: string[]): Promise<number> {
  let options: MachineOptions | undefined;
  try {
    options = readArguments(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\nTo learn more: npm run local -- --help\n`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const asked = endSignal();
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${describe(error)}\n`);
    process.exit(1);
  });
  try {
    const { name, version } = await ensureContainerEngine({ say: print });
    print(`Building with ${name} ${version}.`);
    const { replacedSettings } = await import('./assembly.ts');
    const { engineEnvironment, startMachine } = await import('./machine.ts');
    const replaced = await replacedSettings();
    if (replaced.length > 0)
      print(
        `These settings of cdk.json do not count here: ${replaced.join(', ')}. This machine has its own git host, sign-in and account.`,
      );
    const activity = (text: string) => print(`${text[0]?.toUpperCase()}${text.slice(1)} …`);
    const [confinement, machine] = await Promise.all([
      // It starts a container to see whether it can, which takes as long as the machine's start.
      describeConfinement(engineEnvironment(options), options.trustsBuilds ?? false),
      startMachine({ ...options, activity }),
    ]);
    print(confinement, ...welcome(machine, name));
    await asked.promise;
    print('Stopping; what is not finished goes on after the next start …');
    await machine.stop();
    // What a library may have left open must not keep the process.
    setTimeout(() => process.exit(), 1000).unref();
    return 0;
  } catch (error) {
    setTimeout(() => process.exit(), 1000).unref();
    // Ctrl-C reaches the CDK app too, which then fails.
    if (asked.yet()) return 130;
    process.stderr.write(`${describe(error as Error)}\n`);
    return 1;
  }
}

/** @throws UsageError */
function readArguments(args: string[]): MachineOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port < 1 || port > 65_535) {
    throw new UsageError(`--port is a number from 1 to 65535, not "${values.port}".`);
  }
  const builds = Number(values.builds);
  if (!/^\d{1,2}$/.test(values.builds) || builds < 1)
    throw new UsageError(`--builds is a number from 1 to 99, not "${values.builds}".`);
  const scanner = scanners.find((name) => name === values.scanner);
  if (scanner === undefined)
    throw new UsageError(`--scanner is one of ${scanners.join(', ')}, not "${values.scanner}".`);
  return {
    dataFolder: resolve(values.data),
    port,
    scanner,
    osvFolder: values.osv === undefined ? undefined : resolve(values.osv),
    concurrentBuilds: builds,
    trustsBuilds: values['trust-builds'],
    output: (line) => print(`${new Date().toTimeString().slice(0, 8)} ${line}`),
  };
}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        data: { type: 'string', default: '.slipway' },
        port: { type: 'string', default: '4600' },
        scanner: { type: 'string', default: 'auto' },
        osv: { type: 'string' },
        builds: { type: 'string', default: '2' },
        'trust-builds': { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function welcome(machine: Machine, engine: string): string[] {
  const { url, dataFolder, indexRepository, credentials, account } = machine;
  const file = relative(process.cwd(), join(dataFolder, 'local.json')) || 'local.json';
  const host = new URL(url).host;
  const pull =
    engine === 'buildah'
      ? 'buildah pull --tls-verify=false'
      : `${engine} pull${engine === 'podman' ? ' --tls-verify=false' : ''}`;
  return [
    '',
    `Slipway runs at ${url}/`,
    '',
    `  builds     ${url}/`,
    `  sign in    ${url}/login    (to see private projects: any mail address, and the password ${machine.password})`,
    `  mail       ${url}/mail`,
    `  index      git push ${url}/git/${indexRepository}.git    (the repository with index.d/*.yml)`,
    `  projects   git push ${url}/git/<owner>/<repository>.git    (a push creates the repository)`,
    `  login      ${gitLoginCommand(machine)}    (so that git finds the token that a push needs)`,
    `  images     ${pull} ${host}/<app>/<job>:<tag>`,
    `  webhook    ${url}/webhooks/github; npx slipway webhook secret <owner>/<repository> prints the secret of each`,
    `  AWS        AWS_ENDPOINT_URL=${account.endpoint} AWS_REGION=${account.region} AWS_ACCESS_KEY_ID=${credentials.accessKeyId}; the secret key is in ${file}`,
    `  by hand    npx slipway build <app>/<job>:<tag>    (in a shell with the variables of the line AWS; README.md shows how to set them)`,
    '',
    `Next: push an index to ${url}/git/${indexRepository}.git, then a project that it names. Ctrl-C ends Slipway; its state stays in`,
    `${dataFolder}.`,
    '',
  ];
}

/** The first signal asks for an orderly end, the second ends at once. */
function endSignal(): { promise: Promise<void>; yet(): boolean } {
  const { promise, resolve: end } = Promise.withResolvers<void>();
  let asked = false;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (asked) process.exit(130);
      asked = true;
      end();
    });
  }
  return { promise, yet: () => asked };
}

function describe(error: Error): string {
  if (/ENOSPC|no space left on device|disk is full/.test(error.message)) {
    return 'The disk is full: make room, or choose another place with --data. What was under way goes on after the next start.';
  }
  if (plainErrors.some((plain) => error instanceof plain)) return error.message;
  return `Slipway failed: ${error.stack ?? error.message}`;
}

function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

process.exitCode = await main(process.argv.slice(2));
