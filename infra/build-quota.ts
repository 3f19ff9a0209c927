import type { Config } from './config.ts';
import type { Grantee } from './permissions.ts';
import type { State } from './state.ts';

/** The permissions to count what the builds of a project use. */
export function grantQuota(grantee: Grantee, state: State, { build }: Config): void {
  state.projects.grant(grantee, 'GetItem', 'UpdateItem');
  grantee.setVariable('BUILDS_AT_ONCE', String(build.atOncePerProject));
  grantee.setVariable('BUILDS_PER_HOUR', String(build.perHourPerProject));
}
