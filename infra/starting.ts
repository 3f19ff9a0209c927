import type { Api } from './api.ts';
import { grantQuota } from './build-quota.ts';
import type { Builder } from './builder.ts';
import type { Config } from './config.ts';
import type { GitHost } from './git-host.ts';
import type { Grantee } from './permissions.ts';
import type { Pipeline } from './pipeline.ts';
import type { Records } from './records.ts';
import type { Repositories } from './repositories.ts';
import type { State } from './state.ts';

interface StartingProps {
  api: Api;
  builder: Builder;
  config: Config;
  gitHost: GitHost;
  pipeline: Pipeline;
  records: Records;
  repositories: Repositories;
  state: State;
}

/** The permissions to start builds, and to end those that they supersede. */
export class Starting {
  readonly #props: StartingProps;

  constructor(props: StartingProps) {
    this.#props = props;
  }

  grant(grantee: Grantee): void {
    const { api, builder, config, gitHost, pipeline, records, repositories, state } = this.#props;
    state.builds.grant(grantee, 'GetItem', 'PutItem', 'UpdateItem');
    state.builds.grantQuery(grantee, 'byProject');
    if (config.build.concurrency > 0) state.builds.grantQuery(grantee, 'byStatus');
    state.heads.grant(grantee, 'GetItem', 'UpdateItem');
    records.grantWrite(grantee, 'request');
    repositories.grantCreate(grantee);
    pipeline.grantStart(grantee);
    pipeline.grantStop(grantee);
    builder.grantStop(grantee);
    gitHost.grantStatuses(grantee);
    gitHost.grantFetchSources(grantee);
    api.grantLink(grantee);
    grantQuota(grantee, state, config);
    grantee.setVariable('PLATFORM', builder.platform);
    grantee.setVariable('BUILD_TIMEOUT_SECONDS', String(config.build.timeoutSeconds));
  }
}
