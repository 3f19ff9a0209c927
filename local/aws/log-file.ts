import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname, join } from 'node:path';

/** The file of a log group's text: `DATA/logs/<group>.log`. */
export interface LogFile {
  write(text: string | Uint8Array): void;
  /** Resolves when everything that was written is in the file. */
  close(): Promise<void>;
}

export function logPath(dataFolder: string, group: string): string {
  return join(dataFolder, 'logs', `${group.replaceAll('..', '_')}.log`);
}

export function openLog(dataFolder: string, group: string): LogFile {
  const path = logPath(dataFolder, group);
  let stream: WriteStream | undefined;
  return {
    write(text) {
      if (stream === undefined) {
        mkdirSync(dirname(path), { recursive: true });
        stream = createWriteStream(path, { flags: 'a' });
        // A full disk must not end the machine because of a log line: the operations that fail report it themselves.
        stream.on('error', () => stream?.destroy());
      }
      if (!stream.destroyed) stream.write(text);
    },
    close: () =>
      new Promise((resolve) => {
        if (stream === undefined || stream.destroyed) resolve();
        else stream.end(resolve);
      }),
  };
}
