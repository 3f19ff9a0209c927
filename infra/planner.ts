import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { holdsPrefix } from '../services/tables/holds.ts';
import type { Api } from './api.ts';
import type { Config } from './config.ts';
import type { PublishedEvents } from './event-bus.ts';
import type { GitHost } from './git-host.ts';
import type { Notifications } from './notifications.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Secrets } from './secrets.ts';
import type { Starting } from './starting.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface PlannerProps {
  api: Api;
  config: Config;
  gitHost: GitHost;
  notifications: Notifications;
  publishedEvents: PublishedEvents;
  secrets: Secrets;
  starting: Starting;
  state: State;
  triggers: Triggers;
}

/** Decides which projects a trigger concerns and starts their builds. */
export class Planner extends Construct {
  /** A large index or cascade takes several such runs. */
  static readonly timeout = Duration.minutes(1);
  readonly function: PipelineFunction;

  constructor(scope: Construct, id: string, props: PlannerProps) {
    super(scope, id);
    const planner = new PipelineFunction(this, 'PlanBuilds', {
      description: 'Decides which projects a trigger concerns, writes their builds and starts them.',
      timeout: Planner.timeout,
      // One whole processor: a large index or cascade is read, put in order and written within the minute, or a good part of it.
      memoryMegabytes: 1769,
    });
    this.function = planner;
    props.starting.grant(planner);
    props.state.projects.grant(planner, 'BatchGetItem', 'Scan');
    props.state.heads.grant(planner, 'BatchGetItem');
    props.state.cascades.grant(planner, 'GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'BatchWriteItem', 'Query');
    props.state.dependents.grant(
      planner,
      'BatchGetItem',
      'BatchWriteItem',
      'UpdateItem',
      'DeleteItem',
      'Query',
      'Scan',
    );
    // The record of holds; a rollback looks up the release that it goes back to.
    props.state.releases.grant(planner, 'GetItem');
    props.state.releases.grantPut(planner, holdsPrefix);
    // What a hold has kept back of any ref.
    props.state.heads.grant(planner, 'Query');
    // It also puts back what cannot be planned yet.
    props.triggers.grantSend(planner, 'any');
    props.publishedEvents.grantPublish(planner);
    props.state.projects.grantQuery(planner, 'bySource');
    // All builds of a commit, which are run again together.
    props.state.builds.grantQuery(planner, 'byCommit');
    props.state.deliveries.grant(planner, 'GetItem', 'PutItem');
    props.gitHost.grantFollowIndex(planner);
    props.notifications.grantSend(planner);
    props.secrets.grantDescribeBuildSecrets(planner);
    planner.setVariable('MOST_RECIPIENTS', String(props.config.mail.recipientsPerEntry));
    planner.setVariable('OPERATORS', JSON.stringify(props.config.operators));
    props.triggers.feed(planner);
  }
}
