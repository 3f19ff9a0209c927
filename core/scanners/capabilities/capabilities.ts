import * as z from 'zod';
import { shownSchema } from '../../text/safe-line.ts';
import type { FindingText } from '../finding-text.ts';

export const capabilityLabels = ['RUN', 'INSTALL', 'UNINSTALL'] as const;

/** Something of the host that a label's command would give the container. */
export const capabilitySchema = z.object({
  label: z.enum(capabilityLabels),
  kind: z.enum([
    'privileged',
    'capability',
    'host-network',
    'host-pid',
    'host-ipc',
    'host-user',
    'host-uts',
    'host-cgroup',
    'security-disabled',
    'container-socket',
    'host-path',
    'device',
    /** A program of the host itself, outside of any container. */
    'host-command',
  ]),
  /** Which one: `SYS_ADMIN`, `/var/run/docker.sock`, `label=disable`. */
  value: shownSchema(500).optional(),
});

export type CapabilityGrant = z.infer<typeof capabilitySchema>;
export type CapabilityKind = CapabilityGrant['kind'];

const descriptions: Readonly<Record<CapabilityKind, string>> = {
  privileged: 'asks for a privileged container',
  capability: 'adds the capability',
  'host-network': "asks for the host's network",
  'host-pid': "asks for the host's processes",
  'host-ipc': "asks for the host's shared memory",
  'host-user': "asks for the host's users",
  'host-uts': "asks for the host's name",
  'host-cgroup': "asks for the host's control groups",
  'security-disabled': 'turns off protection with',
  'container-socket': "hands over the container engine's socket",
  'host-path': "mounts the host's path",
  device: 'hands over the device',
  'host-command': 'runs on the host itself the program',
};

export function describeCapability({ label, kind, value }: CapabilityGrant): FindingText {
  return {
    id: value ? `${kind}:${value}` : kind,
    sentence: `the label ${label} ${descriptions[kind]}${value ? ` ${value}` : ''}`,
    remedy: `remove it from the label ${label}`,
  };
}
