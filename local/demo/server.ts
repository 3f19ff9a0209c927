import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AddTagsToResourceCommand, DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { ask } from '../command.ts';
import { findFreePort } from './port.ts';
import type { Operator } from './slipway-command.ts';
import { type Chapter, projects, type Server, type Setting, serverTarget } from './story.ts';
import { PromiseBrokenError, pageAt, waitFor } from './watch.ts';

/** What the configuration of one machine allows. */
const container = 'slipway-demo';

/** Does what the owner of a server does: gives it its tag, and says how the container is run. Undefined if no engine here keeps containers running. */
export async function prepareServer(
  operator: Operator,
  { dataFolder, signal }: { dataFolder: string; signal: AbortSignal },
): Promise<Server | undefined> {
  const engine = await findEngine(signal);
  if (!engine) return undefined;
  const ssm = new SSMClient(operator);
  const { InstanceInformationList = [] } = await ssm.send(new DescribeInstanceInformationCommand({}));
  const ResourceId = InstanceInformationList[0]?.InstanceId;
  const Tags = [{ Key: 'Machine', Value: 'local' }];
  await ssm.send(new AddTagsToResourceCommand({ ResourceType: 'ManagedInstance', ResourceId, Tags }));
  const port = await findFreePort();
  await mkdir(join(dataFolder, 'containers'), { recursive: true });
  await writeFile(join(dataFolder, 'containers', container), `--publish=127.0.0.1:${port}:8080\n--stop-timeout=1\n`);
  return { engine, url: `http://127.0.0.1:${port}/` };
}

/** In the order of the script that replaces containers. */
async function findEngine(signal: AbortSignal): Promise<Server['engine'] | undefined> {
  if ((await ask('docker', ['info'], { signal })) !== undefined) return 'docker';
  return (await ask('podman', ['info'], { signal })) === undefined ? undefined : 'podman';
}

/**
 * Waits until the container runs the image of a release, and looks that it says so.
 * @param shows whether a page is the one of that release
 */
export async function watchServer(
  { client, server, steps }: Setting,
  { title, release, shows }: { title: string; release: Chapter; shows: (page: string) => boolean },
): Promise<void> {
  await steps.run(
    title,
    180,
    async (task, signal) => {
      if (!server) return 'left out: only Docker and Podman keep a container running, and neither is here';
      task.update('waiting for the container');
      const target = await waitFor(
        `The deployment of ${release.project} to this machine`,
        async () => {
          const found = (await client.targets(projects.app)).find(({ name }) => name === serverTarget);
          const isOver = found?.state === 'delivered' || found?.state === 'failed';
          return isOver && found.wanted.digest === release.build.image?.digest ? found : undefined;
        },
        { seconds: 100, signal },
      );
      if (target.state === 'failed') return `not deployed; a mail gives the reason: ${target.error}`;
      const page = await waitFor('An answer of the container', () => pageAt(server.url), { seconds: 60, signal });
      if (!shows(page))
        throw new PromiseBrokenError(`${server.url} does not show ${release.project} as it is deployed.`);
      return undefined;
    },
    (task, obstacle) => {
      if (obstacle === undefined) task.succeed(`${server?.engine} runs it at ${server?.url}`);
      else task.stop(obstacle);
    },
  );
}

/** Nobody needs the container when the demo is over, nor the images that were pulled for it. */
export async function removeContainer({ engine }: Server, registry: string): Promise<void> {
  for (const name of [container, `${container}-before`]) await ask(engine, ['rm', '--force', name]);
  const images = await ask(engine, ['images', '--quiet', '--filter', `reference=${registry}/demo/app`]);
  for (const image of images?.split('\n') ?? []) if (image) await ask(engine, ['image', 'rm', '--force', image]);
}
