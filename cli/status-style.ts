import type { BuildStatus } from '../core/model/build.ts';
import type { Style } from './terminal.ts';

const styles: Partial<Record<BuildStatus, Style>> = {
  queued: 'blue',
  building: 'blue',
  scanning: 'blue',
  releasing: 'blue',
  released: 'green',
  blocked: 'yellow',
  failed: 'red',
  superseded: 'dim',
  cancelled: 'dim',
};

export function statusStyle({ status }: { status: BuildStatus }): Style | undefined {
  return styles[status];
}
