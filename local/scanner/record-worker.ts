import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { createOsvFolder } from './osv-records.ts';
import { type ScanScope, scanRecords } from './scan-records.ts';

/** A thread of its own reads the images, so that the machine answers meanwhile, and an image that is made to harm harms only it. */
const { osvFolder } = z.object({ osvFolder: z.string().optional() }).parse(workerData);
const readRecords = createOsvFolder(osvFolder);

parentPort?.on('message', async ({ layers, scope }: { layers: string[]; scope: ScanScope }) => {
  try {
    parentPort?.postMessage({ scan: await scanRecords(layers, scope, readRecords) });
  } catch (error) {
    parentPort?.postMessage({ failure: error instanceof Error ? error.message : String(error) });
  }
});
