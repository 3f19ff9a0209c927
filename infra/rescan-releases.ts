import { Duration } from 'aws-cdk-lib';
import { Rule, type RuleProps } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { Api } from './api.ts';
import type { Config } from './config.ts';
import type { GitHost } from './git-host.ts';
import type { Notifications } from './notifications.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Records } from './records.ts';
import type { Repositories } from './repositories.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import type { State } from './state.ts';

interface RescansProps {
  api: Api;
  gitHost: GitHost;
  notifications: Notifications;
  records: Records;
  repositories: Repositories;
  state: State;
  policy: Config['policy'];
}

/** Each image is rescanned at its own hour of the week; those with new findings of a scanner, within minutes. */
const rate = Duration.minutes(10);

/** Rescans the released images with today's knowledge, and notifies people. */
export class Rescans extends Construct {
  readonly recordFindings: PipelineFunction;
  /** Those of the scanners' events. */
  readonly rules: Rule[];

  constructor(scope: Construct, id: string, props: RescansProps) {
    super(scope, id);
    const { repositories, state } = props;
    this.#addRescan(props);
    this.recordFindings = new PipelineFunction(this, 'RecordFindings', {
      description: 'Makes released images due for a rescan soon when a scanner has changed their findings.',
      timeout: Duration.minutes(1),
      memoryMegabytes: 512,
    });
    state.releases.grant(this.recordFindings, 'GetItem', 'UpdateItem');
    state.releases.grantQuery(this.recordFindings, 'byDigest');
    const releases = repositories.exceptCandidates;
    // Of any status: that an image cannot be scanned any more is an event too.
    this.rules = [
      this.#rule('ImageScanned', {
        description: 'ECR or Amazon Inspector has scanned an image.',
        eventPattern: {
          source: ['aws.ecr', 'aws.inspector2'],
          detailType: ['ECR Image Scan', 'Inspector2 Scan'],
          detail: { 'repository-name': releases },
        },
      }),
      this.#rule('FindingInspected', {
        description: 'Amazon Inspector has changed a finding in an image.',
        eventPattern: {
          source: ['aws.inspector2'],
          detailType: ['Inspector2 Finding'],
          detail: { resources: { details: { awsEcrContainerImage: { repositoryName: releases } } } },
        },
      }),
    ];
  }

  #addRescan(props: RescansProps): void {
    const { api, gitHost, notifications, records, repositories, state, policy } = props;
    const rescan = new ScheduledFunction(this, 'RescanReleases', {
      description:
        'Rescans released images with the latest knowledge of vulnerabilities, and notifies people of what has changed.',
      rate,
      // It ends before the next run begins.
      timeout: rate.minus(Duration.minutes(1)),
      // Eight images at once, each with thousands of findings.
      memoryMegabytes: 1024,
      stopped: { name: 'RescansStopped', what: 'rescan of released images' },
    });
    state.releases.grant(rescan, 'GetItem', 'UpdateItem', 'Query');
    state.releases.grantQuery(rescan, 'byDueTime');
    state.projects.grant(rescan, 'BatchGetItem');
    records.grantRead(rescan, 'findings', 'releaseFindings');
    records.grantWrite(rescan, 'releaseFindings');
    repositories.grantRescan(rescan);
    notifications.grantSend(rescan);
    gitHost.grantIndexLink(rescan);
    api.grantLink(rescan);
    rescan.setVariable('POLICY', JSON.stringify(policy));
  }

  #rule(id: string, props: RuleProps): Rule {
    return new Rule(this, id, {
      ...props,
      targets: [
        new LambdaFunction(this.recordFindings.function, { maxEventAge: Duration.hours(2), retryAttempts: 10 }),
      ],
    });
  }
}
