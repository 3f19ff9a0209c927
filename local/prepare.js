// Makes after `npm ci` what the first start would wait for. Whatever is in its way, the start does it then, and says what is wrong.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = await mkdtemp(join(tmpdir(), 'slipway-prepare-'));
try {
  const { makeAssembly } = await import('./assembly.ts');
  await makeAssembly({ outputFolder: join(folder, 'cdk.out') });
} catch (error) {
  process.stderr.write(`Nothing was prepared for the first start: ${error}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
