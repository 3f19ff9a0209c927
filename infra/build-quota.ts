import type { Config } from './config.ts';
import type { Grantee } from './permissions.ts';
import type { State } from './state.ts';

/** The permissions to count the builds that run, of a project and of all. */
export function grantQuota(grantee: Grantee, state: State, { build }: Config): void {
  state.projects.grant(grantee, 'GetItem', 'UpdateItem');
  // Where all builds together are limited, those in flight are an item of the heads table.
  if (build.concurrency > 0) state.heads.grant(grantee, 'GetItem', 'UpdateItem');
  // The code names the table in any case.
  else grantee.setVariable('HEADS_TABLE', state.heads.table.tableName);
  grantee.setVariable('BUILDS_AT_ONCE', String(build.atOncePerProject));
  grantee.setVariable('BUILDS_IN_FLIGHT', String(build.concurrency));
  grantee.setVariable('BUILDS_PER_HOUR', String(build.perHourPerProject));
}
