import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';

/** Writes a file that others may read at the same time: they see what it was or what it is, and never a part. */
export async function replaceFile(path: string, content: string, options: { mode?: number } = {}): Promise<void> {
  const whole = `${path}.${randomUUID()}`;
  await writeFile(whole, content, options);
  await rename(whole, path);
}
