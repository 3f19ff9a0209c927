import { createOsvFolder } from './osv-records.ts';
import { type ScanScope, scanRecords } from './scan-records.ts';

/**
 * A process of its own reads the images: the machine answers meanwhile, and an image that is made to harm harms only this process. It can
 * be killed in the middle of a query of SQLite, which a thread cannot.
 */
const [osvFolder] = process.argv.slice(2);
const readRecords = createOsvFolder(osvFolder);

process.on('disconnect', () => process.exit());
process.on('message', async ({ layers, scope }: { layers: string[]; scope: ScanScope }) => {
  try {
    process.send?.({ scan: await scanRecords(layers, scope, readRecords) });
  } catch (error) {
    process.send?.({ failure: error instanceof Error ? error.message : String(error) });
  }
});
