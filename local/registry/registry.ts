import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { transaction } from '../aws/transaction.ts';
import { openBlobFiles } from './blob-files.ts';
import { createImages } from './images.ts';
import { type Blob, createLayers } from './layers.ts';
import { createRepositories } from './repositories.ts';
import { createTables } from './tables.ts';
import { createUploads } from './uploads.ts';

const hour = 60 * 60 * 1000;

export interface CollectionOptions {
  /** How long a layer may wait for the image that will use it. @default one hour */
  grace?: number;
  /** How long an upload may rest. @default one day */
  uploadGrace?: number;
}

export type Registry = ReturnType<typeof openRegistry>;

/** What the registry and ECR's API both work on. */
export function openRegistry(database: DatabaseSync, dataFolder: string) {
  createTables(database);
  const files = openBlobFiles(path.join(dataFolder, 'registry'));
  const repositories = createRepositories(database);
  const layers = createLayers(database);
  const images = createImages(database);
  const uploads = createUploads(database, files, layers);

  files.removeUnknown(uploads.isOpen, (digest) => layers.blob(digest) !== undefined);

  return {
    files,
    repositories,
    layers,
    images,
    uploads,

    /** Frees what no image uses. Blobs go one by one, each with its row and file at once, so a push may go on meanwhile. */
    async collectGarbage({ grace = hour, uploadGrace = 24 * hour }: CollectionOptions = {}): Promise<Blob[]> {
      await uploads.removeStale(Date.now() - uploadGrace);
      layers.unlinkUnused(Date.now() - grace);
      const orphans = layers.orphans();
      transaction(database, () => {
        for (const { digest } of orphans) layers.removeBlob(digest);
      });
      for (const { digest } of orphans) files.remove(digest);
      return orphans;
    },
  };
}
