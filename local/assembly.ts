import { join, resolve } from 'node:path';
import { issuerPath } from './identity-provider/identity-provider.ts';
import { readContext, synthesise } from './synthesise.ts';
import { readAssembly, type Stack } from './template/template.ts';

export const indexRepository = 'slipway/index';

const root = resolve(import.meta.dirname, '..');
/** `npm ci` deletes it with the rest of `node_modules`, and fills it again (`prepare.js`). */
export const cacheFolder = join(root, 'node_modules', '.cache', 'slipway', 'assemblies');

/**
 * The placeholder in the template for the machine's own address, so that one template serves every port. No host is ever named under
 * `.invalid`: https://www.rfc-editor.org/rfc/rfc2606
 */
export const ownHost = 'this-machine.invalid';

/** The tag that the machine has as a server, `Machine=local`, is given by its owner. */
const deployedHere = [
  { kind: 'ssm', servers: 'Machine=local', container: 'slipway-demo', projects: ['demo/*'] },
  { kind: 'ecs', cluster: 'demo', service: 'web', projects: ['demo/*'] },
];

/** How many builds run at once where nobody says it: one for each of a small machine's processors. */
export const usualBuilds = 2;

export interface AssemblyOptions {
  outputFolder: string;
  concurrentBuilds?: number | undefined;
  /** Takes precedence over the object `slipway` of `cdk.json`; holds what one machine needs in it. */
  config?: Record<string, unknown> | undefined;
  /** Called when the assembly has to be synthesised, which takes seconds. */
  onRun?: (() => void) | undefined;
}

/**
 * Puts the CDK app's cloud assembly into a folder, as one machine has it configured.
 * @throws SynthesisError
 */
export async function makeAssembly({ outputFolder, concurrentBuilds, config, onRun }: AssemblyOptions): Promise<void> {
  const { slipway } = await readContext(root);
  const own = localConfig(slipway as Record<string, unknown> | undefined, concurrentBuilds);
  await synthesise({
    root,
    outputFolder,
    cacheFolder,
    context: { slipway: { ...own, ...config } },
    onRun,
  });
}

/** The configuration of a deployment, the object `slipway` of `cdk.json`, as one machine has it. */
export function localConfig(
  given: Record<string, unknown> | undefined,
  concurrentBuilds = usualBuilds,
): Record<string, unknown> {
  return {
    ...given,
    build: {
      // CodeBuild's queue here takes them all (local/aws/codebuild/). Of a large cascade the rest are records only.
      concurrency: concurrentBuilds * 5,
      ...(given?.build as object | undefined),
      architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
      // The registry here has no pull-through caches: builds pull from the other registries themselves.
      pullThrough: {},
    },
    // What the demo and the tests deploy. Who runs the machine owns what it may run, too.
    deploy: { services: deployedHere, signCommits: true, ...(given?.deploy as object | undefined) },
    repositoryPrefix: '',
    sender: 'slipway@localhost.localdomain',
    operators: ['operators@localhost.localdomain'],
    indexRepository,
    // All is one account here.
    accounts: undefined,
    login: { issuer: `http://${ownHost}${issuerPath}`, clientId: 'slipway' },
    gitHosts: [{ kind: 'github', url: `http://${ownHost}/git`, apiUrl: `http://${ownHost}/github` }],
    // Everything that people have on one machine is on its loopback.
    privateHosts: ['localhost', '127.0.0.1', '[::1]'],
  };
}

/** What `cdk.json` says of places outside, which are this machine's own here. A person should know that it does not count. */
export async function replacedSettings(): Promise<string[]> {
  const { slipway } = await readContext(root);
  return replacedIn((slipway ?? {}) as Record<string, unknown>);
}

export function replacedIn(given: Record<string, unknown>): string[] {
  return ['accounts', 'gitHosts', 'login', 'privateHosts'].filter((key) => given[key] !== undefined);
}

/** @throws TemplateError when the template contains something that one machine cannot do */
export async function stacksOf(assembly: string, url: string): Promise<Stack[]> {
  return readAssembly(assembly, { [ownHost]: new URL(url).host });
}
