import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { allowedSignersPath, publicKeyPath } from '../core/signing/public-key.ts';
import { AccountStack } from './account-stack.ts';
import { Api } from './api.ts';
import { BuildSessions } from './build-sessions.ts';
import { Builder } from './builder.ts';
import { Commands } from './commands.ts';
import type { Config } from './config.ts';
import { Delivery } from './delivery.ts';
import { EndHolds } from './end-holds.ts';
import { PublishedEvents } from './event-bus.ts';
import { ExpireImages } from './expire-images.ts';
import { GitHost } from './git-host.ts';
import type { ImageAccount } from './image-account.ts';
import { Login } from './login.ts';
import { Monitoring } from './monitoring.ts';
import { Notifications } from './notifications.ts';
import { OperatorsReport } from './operators-report.ts';
import { Pipeline } from './pipeline.ts';
import { Planner } from './planner.ts';
import { Records } from './records.ts';
import { Repositories } from './repositories.ts';
import { Rescans } from './rescan-releases.ts';
import { RunSchedules } from './run-schedules.ts';
import { ScanEvents } from './scan-events.ts';
import { Secrets } from './secrets.ts';
import { ServiceRollouts } from './service-rollouts.ts';
import { Signing } from './signing.ts';
import { StatusSite } from './site.ts';
import { Starting } from './starting.ts';
import { State } from './state.ts';
import { Steps } from './steps.ts';
import { Supervision } from './supervision.ts';
import { Telling } from './telling.ts';
import { Triggers } from './triggers.ts';
import { UrlNotifications } from './url-notifications.ts';
import { WarnWaivers } from './warn-waivers.ts';
import { WatchBases } from './watch-bases.ts';
import { WatchPackages } from './watch-packages.ts';
import { WatchSources } from './watch-sources.ts';
import { Webhook } from './webhook.ts';

interface SlipwayStackProps {
  /** Whether the builder's program brings the tools that builds need. */
  hasTools: boolean;
  /** The stack of the machines that build. Absent: they are in this one. */
  builds: Stack | undefined;
  /** The accounts whose registries get copies of releases. */
  images: ImageAccount[];
}

/** All of Slipway: one `new` for each thing that it can do. */
export class SlipwayStack extends AccountStack {
  constructor(scope: Construct, config: Config, { hasTools, builds, images }: SlipwayStackProps) {
    super(scope, config.prefix, {
      config,
      description: 'Slipway: a git push becomes a built, scanned, judged and released container image.',
      account: config.accounts?.pipeline,
    });

    // What trusts a role there can be made only when the role is.
    if (builds) this.addStackDependency(builds);

    const state = new State(this, 'State');
    const records = new Records(this, 'Records', { retentionDays: config.retention.recordDays });
    const secrets = new Secrets(this, 'Secrets', config);
    const alias = config.prefix.toLowerCase();
    const signing = new Signing(this, 'Signing', {
      alias: `${alias}/releases`,
      description: 'Signs released images and what is known of them.',
      variable: 'SIGNING_KEY',
    });
    const commitSigning = config.deploy.signCommits
      ? new Signing(this, 'CommitSigning', {
          alias: `${alias}/commits`,
          description: 'Signs commits to manifests.',
          variable: 'COMMIT_SIGNING_KEY',
        })
      : undefined;
    const repositories = new Repositories(this, { prefix: config.repositoryPrefix });
    const gitHost = new GitHost(config, secrets);
    const notifications = new Notifications(this, 'Notifications', { ...config, secrets, state });
    const triggers = new Triggers(this, 'Triggers', { consumerTimeout: Planner.timeout });
    const api = new Api(this, 'Api', { siteUrl: config.siteUrl });

    const webhook = new Webhook(this, 'Webhook', { api, config: config.webhook, gitHost, secrets, triggers });
    const site = new StatusSite(this, 'Pages', {
      api,
      commitSigning,
      config,
      notifications,
      records,
      secrets,
      signing,
      state,
    });
    if (config.login) new Login(this, 'Login', { api, settings: config.login, secrets });
    new Commands(this, 'Commands', { api, state, triggers });
    new OperatorsReport(this, 'Operators', { api, config, state, triggers });
    const buildSessions = new BuildSessions(this, 'BuildSessions', {
      gitHost,
      records,
      repositories,
      secrets,
      state,
      settings: config.build,
    });
    const builder = new Builder(builds ?? this, 'Builder', {
      gitHost,
      sessions: buildSessions,
      settings: config.build,
      hasTools,
    });
    const publishedEvents = new PublishedEvents(this);
    const machine = config.build.computeType;
    const telling = new Telling({ api, gitHost, machine, notifications, publishedEvents, records, state, triggers });
    const steps = new Steps(this, 'Steps', {
      api,
      config,
      records,
      repositories,
      signing,
      state,
      telling,
    });
    const rollouts = new ServiceRollouts(this, 'Rollouts', { api, config, gitHost, notifications, state });
    const delivery = new Delivery(this, 'Delivery', {
      api,
      commitSigning,
      config,
      gitHost,
      notifications,
      repositories,
      rollouts,
      secrets,
      state,
      copyRoles: [...config.copies.roles, ...images.map(({ role }) => role.roleArn)],
    });
    new UrlNotifications(this, 'UrlNotifications', { api, gitHost, secrets, state });
    const pipeline = new Pipeline(this, 'Pipeline', { builder, delivery, steps });
    new ScanEvents(this, 'ScanEvents', { pipeline, repositories, state });
    const starting = new Starting({ api, builder, config, gitHost, pipeline, records, repositories, state });
    const planner = new Planner(this, 'Planner', {
      api,
      config,
      gitHost,
      notifications,
      publishedEvents,
      secrets,
      starting,
      state,
      triggers,
    });
    new Supervision(this, 'Supervision', { builder, pipeline, records, starting, state, telling, triggers });
    new WatchSources(this, { api, gitHost, notifications, state, triggers });
    new WatchBases(this, { gitHost, repositories, secrets, state, triggers });
    new WatchPackages(this, { gitHost, records, repositories, state, triggers });
    new RunSchedules(this, { state, triggers });
    new EndHolds(this, { state, triggers });
    new WarnWaivers(this, { api, gitHost, notifications, state });
    new Rescans(this, 'Rescans', {
      api,
      gitHost,
      notifications,
      records,
      repositories,
      state,
      policy: config.policy,
    });
    new ExpireImages(this, { config: config.retention, records, repositories, state });
    // The last: it looks for what there is to watch.
    const monitoring = new Monitoring(this, 'Monitoring', {
      api,
      builder,
      config,
      pipeline,
      planner,
      site,
      state,
      triggers,
      webhook,
    });

    const outputs: Record<string, string> = {
      ApiUrl: api.http.apiEndpoint,
      SiteUrl: api.siteUrl,
      WebhooksUrl: webhook.url,
      WebhookSecretArn: secrets.webhook,
      GitHostTokensSecretArn: secrets.gitHostTokens,
      DeployCredentialsSecretArn: secrets.deployCredentials,
      BuildSecretsPrefix: secrets.buildSecrets,
      NotifyUrlsPrefix: secrets.notifyUrls,
      SourceSecretsPrefix: secrets.sourceSecrets,
      PullCredentialsSecretArn: secrets.pullCredentials,
      RegistryCredentialsSecretArn: secrets.registryCredentials,
      CopyReleasesRoleArn: delivery.copyReleases.function.role?.roleArn ?? '',
      GitHosts: JSON.stringify(config.gitHosts),
      IndexRepository: config.indexRepository,
      RecordsBucketName: records.bucket.bucketName,
      TriggersQueueUrl: triggers.queues.triggers.queue.queueUrl,
      SigningKeyArn: signing.key.keyArn,
      PublicKeyUrl: `${api.siteUrl}${publicKeyPath}`,
      StateMachineArn: pipeline.stateMachine.stateMachineArn,
      ProjectsTableName: state.projects.table.tableName,
      BuildsTableName: state.builds.table.tableName,
      BasesTableName: state.bases.table.tableName,
      DeliveriesTableName: state.deliveries.table.tableName,
      BuilderProjectName: builder.project.projectName,
      OperatorsTopicArn: monitoring.operators.topicArn,
      RepositoryPrefix: config.repositoryPrefix,
      Sender: config.sender,
    };
    if (secrets.loginClient !== undefined) {
      outputs.LoginSettings = JSON.stringify(config.login);
      outputs.LoginClientSecretArn = secrets.loginClient;
    }
    if (commitSigning) outputs.AllowedSignersUrl = `${api.siteUrl}${allowedSignersPath}`;
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
    if (builds && monitoring.operatorsOfBuilds) {
      new CfnOutput(this, 'BuildsAccount', { value: builds.account });
      // What `slipway doctor` looks at there.
      new CfnOutput(builds, 'BuilderProjectName', { value: builder.project.projectName });
      new CfnOutput(builds, 'OperatorsTopicArn', { value: monitoring.operatorsOfBuilds.topicArn });
    }
  }
}
