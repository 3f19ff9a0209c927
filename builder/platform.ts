import { readFile } from 'node:fs/promises';
import { type Platform, platformSchema } from '../core/model/platform.ts';
import { PlatformNotBuiltError } from './errors.ts';

/** What this machine runs, as images name it. */
export function ownPlatform(): { os: 'linux'; architecture: string } {
  return { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
}

/** `linux/arm64` in its parts. */
export function partsOf(platform: Platform): { os: string; architecture: string } {
  const [os = '', architecture = ''] = platform.split('/');
  return { os, architecture };
}

/** As the kernel's register of interpreters names the emulators that QEMU's packages put there. */
const emulators = { 'linux/amd64': 'qemu-x86_64', 'linux/arm64': 'qemu-aarch64' } as const satisfies Record<
  Platform,
  string
>;

/** The platforms whose programs this machine runs: its own, and those that the kernel has an emulator for. */
export async function runnablePlatforms(register = '/proc/sys/fs/binfmt_misc'): Promise<string[]> {
  const { os, architecture } = ownPlatform();
  const own = `${os}/${architecture}`;
  const emulated = await Promise.all(
    platformSchema.options.map(async (platform) => {
      const text = await readFile(`${register}/${emulators[platform]}`, 'utf8').catch(() => '');
      return text.startsWith('enabled') ? [platform] : [];
    }),
  );
  return [...new Set([own, ...emulated.flat()])];
}

/**
 * An image for another machine can be built here where something runs its commands, or it has none.
 * @throws PlatformNotBuiltError
 */
export function checkPlatform(platform: Platform | undefined, runnable: readonly string[], hasCommands: boolean): void {
  if (platform === undefined || runnable.includes(platform) || !hasCommands) return;
  throw new PlatformNotBuiltError(
    `This machine cannot run commands of ${platform}, and the Dockerfile has RUN instructions. It runs ${runnable.join(', ')}: have QEMU's emulators installed here (Debian and Ubuntu: apt-get install qemu-user-static), or take ${platform} out of the "platforms" of the index entry.`,
  );
}

/** What a build is for: the platform that is asked for, or that of this machine. */
export function builtFor(platform: Platform | undefined) {
  return platform === undefined ? ownPlatform() : partsOf(platform);
}
