import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../local/command.ts';

/** Makes the links of BusyBox's commands in a folder that it is in too, so that no build starts a container only to make them. */
export async function linkCommands(busybox: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const commands = (await run(busybox, ['--list'])).trim().split('\n');
  for (const command of commands.filter((each) => each !== 'busybox')) await symlink('busybox', join(folder, command));
}
