/** Where BuildKit's image is beside the builder's program, saved as an archive. */
export const buildkitArchive = 'tools/buildkit.tar';

/**
 * The name of an image that was saved as an archive, for the machine that loads it. No registry has an image of this name
 * (https://www.rfc-editor.org/rfc/rfc2606), so that nothing else can be pulled in its place.
 */
export function archivedName(image: string): string {
  return `slipway.invalid/archived:${image.slice(image.lastIndexOf(':') + 1)}`;
}
