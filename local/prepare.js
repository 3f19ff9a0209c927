// Makes after `npm ci` what the first start and every build would otherwise make. The first start makes what is missing, so a failure is only reported.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = await mkdtemp(join(tmpdir(), 'slipway-prepare-'));
const prepared = await Promise.allSettled([
  import('./assembly.ts').then(({ makeAssembly }) => makeAssembly({ outputFolder: join(folder, 'cdk.out') })),
  import('./sbom-generator.ts').then(({ unpackSbomGenerator }) => unpackSbomGenerator()),
]);
for (const { reason } of prepared.filter((each) => each.status === 'rejected'))
  process.stderr.write(`Not prepared for the first start: ${reason}\n`);
await rm(folder, { recursive: true, force: true });
