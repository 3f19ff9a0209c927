import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type OpenAccount, openAccount } from './account.ts';
import { type Address, listen } from './address.ts';
import { indexRepository, makeAssembly, stacksOf, usualBuilds } from './assembly.ts';
import type { EcrOptions } from './aws/ecr/ecr.ts';
import type { Keys } from './aws/service.ts';
import { takeDataFolder } from './data-folder.ts';
import { writeGitCredentials } from './git-credentials.ts';
import { createHandover } from './handover.ts';
import { unmountBelow } from './mounts.ts';
import { sbomGeneratorPath, unpackSbomGenerator } from './sbom-generator.ts';
import { createServices, type Services, type ServicesOptions } from './services.ts';
import { deploy } from './template/deploy.ts';

export interface MachineOptions {
  dataFolder: string;
  /** 0 chooses a free one. */
  port: number;
  /** Takes precedence over the object `slipway` of `cdk.json`; holds what one machine needs in it. */
  config?: Record<string, unknown>;
  /** An already synthesised cloud assembly. */
  assembly?: string;
  scanner?: EcrOptions['scanner'];
  osvFolder?: string | undefined;
  /** How many builds run at once. */
  concurrentBuilds?: number;
  /** Runs builds in place of the builder's program. */
  runBuild?: ServicesOptions['runBuild'];
  /** Whether builds run even where no container can be started: everything that is pushed is trusted. */
  trustsBuilds?: boolean;
  /** Where `trivy` is, which makes the SBOMs; in the form of `PATH`. */
  sbomGenerator?: string;
  /** Called with what the start is doing at the moment. */
  activity?(text: string): void;
  /** A line for the person who watches. */
  output(line: string): void;
}

export interface Machine {
  readonly url: string;
  readonly dataFolder: string;
  /** `slipway/index`: where to push the index. */
  readonly indexRepository: string;
  /** The secrets of the webhooks are derived from it. */
  readonly webhookMaster: string;
  /** What a push, and a change through the git host's REST API, need. */
  readonly gitHubToken: string;
  /** What people sign in with, to see private projects. */
  readonly password: string;
  /** The file from which git takes the token (`git-credentials.ts`). */
  readonly gitCredentials: string;
  /** The keys of the machine's owner, for the AWS CLI and SDK. */
  readonly credentials: Keys;
  /** The stack's outputs. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly account: OpenAccount;
  stop(): Promise<void>;
}

/** A stop that takes longer ends with the process: unfinished work continues after the next start. */
const stopMilliseconds = 12_000;

const localSchema = z.looseObject({ gitHubToken: z.string().optional(), password: z.string().optional() });

/**
 * Starts Slipway on this machine: synthesises the template, deploys it to the local AWS, and does what the README tells an operator
 * to do after a deployment.
 * @throws DataFolderError, PortError, SynthesisError, TemplateError
 */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const dataFolder = resolve(options.dataFolder);
  const lock = await takeDataFolder(dataFolder);
  const undo: (() => unknown)[] = [() => lock.release()];
  try {
    let handler = (_: IncomingMessage, response: ServerResponse): unknown =>
      response.writeHead(503, { 'retry-after': '1' }).end('Slipway is starting.\n');
    const address: Address = await listen(options.port, (request, response) => void handler(request, response));
    undo.unshift(() => address.close());
    const url = `http://localhost:${address.port}`;
    const log = (source: string, message: string) => options.output(`${source}: ${message}`);

    const activity = options.activity ?? (() => undefined);
    const assembly = options.assembly ?? join(dataFolder, 'cdk.out');
    if (options.assembly === undefined) {
      const onRun = () =>
        activity('making the AWS template and the bundles of its functions, which are new or have changed');
      const { config, concurrentBuilds } = options;
      await makeAssembly({ outputFolder: assembly, concurrentBuilds, config, onRun });
    }
    activity('deploying the AWS template to this machine');
    const account = openAccount({ url, dataFolder, log });
    undo.unshift(() => account.close());
    const before = await readLocal(dataFolder);
    const gitHubToken = before.gitHubToken ?? randomBytes(20).toString('hex');
    const password = before.password ?? randomBytes(9).toString('base64url');
    const services = createServices(account, {
      scanner: options.scanner ?? 'auto',
      osvFolder: options.osvFolder === undefined ? undefined : resolve(options.osvFolder),
      concurrentBuilds: options.concurrentBuilds ?? usualBuilds,
      engineEnvironment: engineEnvironment({ ...options, dataFolder }),
      runBuild: options.runBuild,
      gitHubToken,
      password,
    });
    undo.unshift(() => unmountBelow(dataFolder));
    undo.unshift(() => services.stop());
    const outputs = await deployAll(assembly, account, services);
    handler = services.handle;
    await services.start();

    const handover = createHandover(account, outputs);
    const webhookMaster = await handover.webhookMaster();
    await handover.keepGitHubToken(gitHubToken);
    await handover.keepDeployCredential(gitHubToken);
    await handover.mountLayers();
    services.gitHost.setWebhook({
      url: `${outputs.WebhooksUrl ?? `${url}/webhooks`}/github`,
      secretOf: handover.webhookSecretOf,
    });
    await services.gitHost.start();
    if (options.sbomGenerator === undefined) {
      const unpacking = unpackSbomGenerator().catch((error: Error) =>
        log('sbom-generator', `Trivy is used as npm brings it: ${error.message}`),
      );
      undo.push(() => unpacking);
    }

    const credentials = account.iam.ownerKeys();
    const { endpoint, region } = account;
    const gitCredentials = await writeGitCredentials(dataFolder, url, gitHubToken);
    const facts = {
      url,
      endpoint,
      region,
      indexRepository,
      gitHubToken,
      password,
      gitCredentials,
      credentials,
      outputs,
    };
    await writeFile(join(dataFolder, 'local.json'), `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
    return {
      url,
      dataFolder,
      indexRepository,
      webhookMaster,
      gitHubToken,
      password,
      gitCredentials,
      credentials,
      outputs,
      account,
      stop: () => runAll(undo, options.output),
    };
  } catch (error) {
    await runAll(undo, options.output);
    throw error;
  }
}

async function deployAll(assembly: string, account: OpenAccount, services: Services): Promise<Record<string, string>> {
  const outputs: Record<string, string> = {};
  for (const stack of await stacksOf(assembly, account.url)) {
    await services.assets.add(stack, services.putFile);
    const deployed = await deploy(stack, account, services.all);
    services.noteStack(stack.name, deployed.outputs);
    Object.assign(outputs, deployed.outputs);
  }
  return outputs;
}

async function readLocal(dataFolder: string): Promise<z.infer<typeof localSchema>> {
  const path = join(dataFolder, 'local.json');
  return existsSync(path) ? localSchema.parse(JSON.parse(await readFile(path, 'utf8'))) : {};
}

/** Where the builder's programs are, and what its container engine needs to find its daemon and its plugins. */
export function engineEnvironment({
  dataFolder,
  sbomGenerator = sbomGeneratorPath(),
  trustsBuilds = false,
}: Pick<MachineOptions, 'dataFolder' | 'sbomGenerator' | 'trustsBuilds'>): Record<string, string> {
  const names = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY', 'XDG_RUNTIME_DIR'];
  const found = Object.entries(process.env).filter(([name]) => names.includes(name) || name.startsWith('BUILDX_'));
  // Contexts and plugins are in the user's home, and a build has a home of its own.
  const dockerConfig = process.env.DOCKER_CONFIG ?? join(homedir(), '.docker');
  return {
    ...(Object.fromEntries(found) as Record<string, string>),
    // The layers of one build are there for the next one, as a Docker daemon would have them.
    XDG_CACHE_HOME: join(dataFolder, 'cache'),
    TRUST_BUILDS: String(trustsBuilds),
    PATH: `${process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'}:${sbomGenerator}`,
    ...(existsSync(dockerConfig) && { DOCKER_CONFIG: dockerConfig }),
  };
}

/** Stops everything within bounded time; an error is logged and the rest continues. */
async function runAll(steps: (() => unknown)[], output: (line: string) => void): Promise<void> {
  const deadline = AbortSignal.timeout(stopMilliseconds);
  const late = new Promise<void>((done) => deadline.addEventListener('abort', () => done()));
  for (const step of steps.splice(0)) {
    const work = Promise.resolve()
      .then(step)
      .catch((error: Error) => output(`machine: stopping: ${error.message}`));
    await Promise.race([work, late]);
  }
}
