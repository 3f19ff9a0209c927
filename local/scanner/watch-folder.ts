import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** A database of records comes in as many files at once. */
const quiet = 200;
const mostFolders = 500;

/**
 * Says when something in a folder, or a folder in it, has changed, once for many changes. Folders are watched, not their files, of which
 * there may be hundreds of thousands.
 */
export function watchFolder(folder: string, changed: () => void, log: (line: string) => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  let isWatching = true;
  let timer: NodeJS.Timeout | undefined;

  const look = (at: string): void => {
    if (!isWatching || watchers.has(at) || watchers.size >= mostFolders) return;
    try {
      const watcher = watch(at, { persistent: false }, () => {
        clearTimeout(timer);
        timer = setTimeout(settle, quiet);
        timer.unref();
      });
      watchers.set(at, watcher);
      // The folder has gone.
      watcher.on('error', () => {
        watchers.delete(at);
        watcher.close();
      });
    } catch (error) {
      log(`${at} is not watched: ${error}`);
    }
  };

  const lookBelow = async (): Promise<void> => {
    look(folder);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory()) look(path.join(entry.parentPath, entry.name));
  };

  const settle = (): void => {
    lookBelow().catch((error: unknown) => log(`${folder} is not watched whole: ${error}`));
    changed();
  };

  lookBelow().catch((error: unknown) => log(`${folder} is not watched whole: ${error}`));

  return () => {
    isWatching = false;
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}
