import { Duration } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { Construct } from 'constructs';
import { signedReads } from '../core/api/signed-reads.ts';
import type { Api } from './api.ts';
import type { Config } from './config.ts';
import type { Notifications } from './notifications.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Records } from './records.ts';
import type { Secrets } from './secrets.ts';
import type { Signing } from './signing.ts';
import type { State } from './state.ts';

interface SiteProps {
  api: Api;
  /** Absent where commits are not signed. */
  commitSigning: Signing | undefined;
  config: Config;
  notifications: Notifications;
  records: Records;
  secrets: Secrets;
  signing: Signing;
  state: State;
}

/** Requests in a second that answer whether an address wants mails: people press a button once. */
const answersPerSecond = 5;

/** The status pages and the public JSON. They only read, but for what the owner of a mail address answers. */
export class StatusSite extends Construct {
  readonly pages: PipelineFunction;

  constructor(
    scope: Construct,
    id: string,
    { api, commitSigning, config, notifications, records, secrets, signing, state }: SiteProps,
  ) {
    super(scope, id);
    this.pages = new PipelineFunction(this, 'Site', {
      description: 'Renders the status pages, the badges and the public JSON.',
      // An answer costs a bounded number of reads. The longest read is of the largest report, 32 MB.
      timeout: Duration.seconds(15),
      memoryMegabytes: 1024,
    });
    state.projects.grant(this.pages, 'GetItem', 'BatchGetItem');
    state.projects.grantQuery(this.pages, 'byName', 'byJob', 'bySource', 'byProblem', 'byVisibility');
    state.sources.grant(this.pages, 'GetItem');
    state.builds.grant(this.pages, 'GetItem', 'BatchGetItem');
    state.builds.grantQuery(this.pages, 'byProject', 'byMonth', 'byStatus', 'byCommit', 'byOutcome');
    state.cascades.grant(this.pages, 'GetItem', 'Query');
    state.cascades.grantQuery(this.pages, 'byStart');
    state.bases.grant(this.pages, 'BatchGetItem');
    state.dependents.grant(this.pages, 'Query');
    records.grantReadLogs(this.pages);
    records.grantRead(
      this.pages,
      'cyclonedx',
      'spdx',
      'findings',
      'scanners',
      'comparison',
      'packages',
      'steps',
      'signatures',
      'releaseFindings',
      'retention',
    );
    state.releases.grant(this.pages, 'GetItem');
    state.releases.grantQuery(this.pages, 'byProject', 'byDigest');
    state.targets.grant(this.pages, 'Query');
    state.urlNotifications.grant(this.pages, 'Query');
    secrets.grantSeal(this.pages);
    notifications.grantAnswers(this.pages);
    signing.grantReadPublicKey(this.pages);
    commitSigning?.grantReadPublicKey(this.pages);
    // The author of commits, if they are signed.
    this.pages.setVariable('SENDER', config.sender);
    // They see private projects, too.
    this.pages.setVariable('OPERATORS', JSON.stringify(config.operators));
    if (config.login) this.pages.setVariable('LOGIN', JSON.stringify(config.login));
    this.pages.setVariable('BUILDS_IN_FLIGHT', String(config.build.concurrency));
    api.grantLink(this.pages);
    const pages = ['/', '/{proxy+}'].flatMap((path) =>
      [HttpMethod.GET, HttpMethod.HEAD].map((method) => ({ method, path })),
    );
    // The function answers OPTIONS, for programs on other sites, and refuses what would write in the form of all problems of the API.
    for (const { method, path } of [...pages, { method: HttpMethod.ANY, path: '/api/{proxy+}' }]) {
      api.route(method, path, {
        handler: this.pages.function,
        reason:
          'The status of builds is public and needs no login; the function can write nothing but what the owner of a mail address answers.',
        // A crawler must not use up the concurrency of the account, which the webhook needs too.
        limit: config.pages.requestsPerSecond,
      });
    }
    for (const method of [HttpMethod.GET, HttpMethod.HEAD]) api.signedRoute(method, signedReads, this.pages.function);
    api.route(HttpMethod.POST, '/addresses/{link}', {
      handler: this.pages.function,
      reason:
        'The owner of a mail address needs no login: only a link that Slipway sealed and sent to the address is accepted.',
      limit: answersPerSecond,
    });
  }
}
