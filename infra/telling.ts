import { digestPrefix } from '../services/tables/digests.ts';
import type { Api } from './api.ts';
import type { Config } from './config.ts';
import type { PublishedEvents } from './event-bus.ts';
import type { GitHost } from './git-host.ts';
import type { Notifications } from './notifications.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import type { Records } from './records.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface TellingProps {
  /** The machine of a build, which its cost depends on. */
  machine: Config['build']['computeType'];
  api: Api;
  gitHost: GitHost;
  notifications: Notifications;
  records: Records;
  state: State;
  publishedEvents: PublishedEvents;
  triggers: Triggers;
}

/** The permissions to notify people, the git host and waiting projects of a build's end. */
export class Telling {
  readonly #props: TellingProps;

  constructor(props: TellingProps) {
    this.#props = props;
  }

  grant(grantee: PipelineFunction): void {
    const { api, gitHost, machine, notifications, publishedEvents, records, state, triggers } = this.#props;
    state.builds.grant(grantee, 'GetItem', 'UpdateItem');
    state.builds.grantQuery(grantee, 'byProject', 'byCommit');
    state.targets.grant(grantee, 'Query');
    state.cascades.grant(grantee, 'Query');
    state.cascades.grantPut(grantee, digestPrefix);
    records.grantReadLogs(grantee);
    records.grantRead(grantee, 'comparison', 'scanners');
    // Where the Dockerfile is, for what a check run shows at its lines.
    records.grantReadRequest(grantee);
    notifications.grantSend(grantee);
    gitHost.grantStatuses(grantee);
    gitHost.grantIndexLink(grantee);
    triggers.grantSend(grantee, ['build-ended']);
    publishedEvents.grantPublish(grantee);
    api.grantLink(grantee);
    grantee.setVariable('BUILD_MACHINE', machine);
  }
}
