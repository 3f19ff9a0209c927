import { type ChildProcess, fork } from 'node:child_process';
import type { BuildEnd, BuildRun, RunBuild } from '../../local/aws/codebuild/run.ts';
import type { BuildAnswer, BuildOrder } from './builder-process.ts';

/**
 * A builder that builds nothing: it takes the time, and has the outcome, that a table says, and pushes a small image that is ready. All else
 * is as with the builder's program: its credentials, its records, its candidate, the scan of it. One process does it for all builds of a
 * machine, so that what is measured of the machine is the machine's own.
 */
export function createStandIn(outcomesFile: string): RunBuild {
  let builder: ChildProcess | undefined;
  const running = new Map<string, (end: BuildEnd) => void>();

  const started = (environment: Record<string, string>): ChildProcess => {
    const child = fork(new URL('./builder-process.ts', import.meta.url), [outcomesFile], { env: environment });
    child.on('message', ({ build, isBuilt }: BuildAnswer) => running.get(build)?.(isBuilt ? 'SUCCEEDED' : 'FAILED'));
    child.once('exit', () => {
      builder = undefined;
      for (const end of running.values()) end('FAULT');
    });
    // It ends with the machine.
    child.unref();
    child.channel?.unref();
    return child;
  };

  return (build, { account, keys }): BuildRun => {
    const variables = Object.fromEntries(
      build.environment.environmentVariables.map(({ name, value }) => [name, value]),
    );
    builder ??= started({
      ...variables,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_ENDPOINT_URL: account.endpoint,
      AWS_REGION: account.region,
    });
    const { promise, resolve } = Promise.withResolvers<BuildEnd>();
    const id = variables.BUILD_ID ?? '';
    running.set(id, resolve);
    builder.send({ build: id, token: variables.BUILD_TOKEN ?? '' } satisfies BuildOrder);
    return { ended: promise.finally(() => running.delete(id)), end: resolve };
  };
}
