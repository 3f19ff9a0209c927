import * as z from 'zod';
import { imageDigestSchema } from './image-reference.ts';

/** The platforms that CodeBuild has machines for. */
export const platforms = ['linux/amd64', 'linux/arm64'] as const;

export const platformSchema = z.enum(platforms);

export type Platform = z.infer<typeof platformSchema>;

/** What an image index has for one platform. */
export const platformImageSchema = z.object({ platform: platformSchema, digest: imageDigestSchema });

export type PlatformImage = z.infer<typeof platformImageSchema>;

const architectures = { 'linux/amd64': 'amd64', 'linux/arm64': 'arm64' } as const satisfies Record<Platform, string>;

export type Architecture = (typeof architectures)[Platform];

/** As tags and records, and npm, name a platform: `arm64`. */
export function architectureOf(platform: Platform): Architecture {
  return architectures[platform];
}

/** The id under which one platform's part of a build is recorded. */
export function partOf(build: string, platform: Platform): string {
  return `${build}/${architectureOf(platform)}`;
}

/** The candidate of a build for one platform. The tag of the build itself is that of the image index. */
export function partTag(build: string, platform: Platform): string {
  return `${build}-${architectureOf(platform)}`;
}
