import * as z from 'zod';
import { shownSchema } from '../../text/safe-line.ts';
import type { FindingText } from '../finding-text.ts';

/** A package of the distribution that has an update, according to the image's own package manager. */
export const packageUpdateSchema = z.object({
  name: shownSchema(200),
  installed: shownSchema(200),
  available: shownSchema(200),
  repository: shownSchema(200).optional(),
  /** Whether the update fixes a security defect; absent where the tool does not say so. */
  security: z.boolean().optional(),
});

export type PackageUpdate = z.infer<typeof packageUpdateSchema>;

export function describePackageUpdate({ name, installed, available, security }: PackageUpdate): FindingText {
  return {
    id: name,
    sentence: `${name} ${installed} has ${security ? 'a security update' : 'an update'} to ${available}`,
    remedy: 'update it in the Dockerfile, or build on a newer base image',
  };
}
