import { z } from 'zod';
import { shownSchema } from '../shown-text.ts';
import type { FindingWords } from './finding-words.ts';

/** Something of the host that a label's command would give the container. */
export const capabilitySchema = z.object({
  label: z.enum(['RUN', 'INSTALL', 'UNINSTALL']),
  kind: z.enum([
    'privileged',
    'capability',
    'host-network',
    'host-pid',
    'host-ipc',
    'host-user',
    'host-uts',
    'security-disabled',
    'container-socket',
    'host-path',
    'device',
  ]),
  /** What of it: `SYS_ADMIN`, `/var/run/docker.sock`, `label=disable`. */
  value: shownSchema(500).optional(),
});

export type CapabilityGrant = z.infer<typeof capabilitySchema>;

export function capabilityInWords({ label, kind, value }: CapabilityGrant): FindingWords {
  return {
    id: value ? `${kind}:${value}` : kind,
    sentence: `the label ${label} asks for ${kind}${value ? ` ${value}` : ''}`,
    remedy: `take it out of the label ${label}`,
  };
}
