import { CreateRepositoryCommand, ECRClient, PutAccountSettingCommand } from '@aws-sdk/client-ecr';
import { openRegistry } from '../services/registry/registry.ts';
import { createClient } from '../test/local/registry/registry-client.ts';
import { startRegistryMachine } from '../test/local/registry/registry-machine.ts';
import { atMost, median, type Row, rowOf } from './report.ts';

const layers = 20;
const runs = 5;
const tags = ['latest', 'main', 'sha-0123456', 'build-20261101t000000z-0123456'];

/** Copies an image of many layers from candidates to releases, with mounts, and puts its tags on, as `release` does. */
export async function run(): Promise<Row[]> {
  const { url, account, owner, stop } = await startRegistryMachine();
  const ecr = new ECRClient({ endpoint: `${url}/aws`, region: account.region, credentials: account.iam.ownerKeys() });
  await ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }));
  const client = createClient(url, owner);
  const registry = await openRegistry(ecr);
  const own = globalThis.fetch;
  let requests = 0;
  globalThis.fetch = (...request) => {
    requests += 1;
    return own(...request);
  };
  const released = async (number: number, layerBytes: number) => {
    const [from, to] = [`candidate/bench/${number}`, `bench/${number}`];
    await ecr.send(new CreateRepositoryCommand({ repositoryName: to }));
    const content = Array.from({ length: layers }, (_, layer) => Buffer.alloc(layerBytes, `${number} ${layer} `));
    const digest = await client.pushImage(from, 'candidate', content);
    requests = 0;
    const began = performance.now();
    await registry.copy(digest, from, to);
    for (const tag of tags) await registry.tag(to, digest, tag);
    return { seconds: (performance.now() - began) / 1000, requests };
  };
  try {
    const small: Awaited<ReturnType<typeof released>>[] = [];
    for (let number = 1; number <= runs; number++) small.push(await released(number, 1024));
    const large = await released(runs + 1, 8 * 1024 ** 2);
    const seconds = median(small.map((each) => each.seconds));
    const [count] = small.map((each) => each.requests);
    const more = large.requests - (count ?? 0);
    const row = rowOf('release');
    return [
      row(`a release of ${layers} layers, with mounts`, seconds, 's', atMost(1, seconds)),
      row('its requests', large.requests, '', atMost(12 + 2 * layers, large.requests)),
      row('requests more for layers of 8 MiB than for 1 KiB', more, '', atMost(0, more)),
    ];
  } finally {
    globalThis.fetch = own;
    await stop();
  }
}
