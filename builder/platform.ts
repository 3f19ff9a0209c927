import { PlatformNotBuiltError } from './errors.ts';

/** What this builder builds for, as images name it. */
export function ownPlatform(): { os: 'linux'; architecture: string } {
  return { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
}

/**
 * Whether an entry's platforms are more than this builder's own.
 * @throws PlatformNotBuiltError where its own is not among them
 */
export function checkPlatforms(platforms: readonly string[] | undefined): { left: string[] } {
  const { os, architecture } = ownPlatform();
  const own = `${os}/${architecture}`;
  // Every 64-bit ARM is a v8, which some write and some do not.
  const isOwn = (platform: string) => platform.replace(/^(linux\/arm64)\/v8$/, '$1') === own;
  if (platforms === undefined || platforms.length === 0) return { left: [] };
  if (platforms.some(isOwn)) return { left: platforms.filter((platform) => !isOwn(platform)) };
  throw new PlatformNotBuiltError(
    `The index entry asks for ${platforms.join(', ')}, and this pipeline builds ${own} only. Add ${own} to its "platforms", or leave the key out.`,
  );
}
