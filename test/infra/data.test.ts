import { describe, expect, test } from 'vitest';
import { arn, functionOf, resource, resources, statementsOf, template } from './template.ts';

/** What a deployment made that then failed goes with it; from then on nothing is deleted. */
const outlasting = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' };

describe('tables', () => {
  test('outlive the stack and can be set back to any second', () => {
    const tables = resources('AWS::DynamoDB::GlobalTable');
    expect(tables).toHaveLength(13);
    for (const { DeletionPolicy, UpdateReplacePolicy, Properties } of tables) {
      expect({ DeletionPolicy, UpdateReplacePolicy }).toEqual(outlasting);
      expect(Properties.BillingMode).toBe('PAY_PER_REQUEST');
      expect(Properties.Replicas[0].PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
    }
  });

  test('forget deliveries by themselves', () => {
    expect(resource('AWS::DynamoDB::GlobalTable', 'StateDeliveries').Properties.TimeToLiveSpecification).toEqual({
      AttributeName: 'expiresAt',
      Enabled: true,
    });
  });
});

describe('the bucket', () => {
  const { Properties, DeletionPolicy, UpdateReplacePolicy } = resource('AWS::S3::Bucket');

  test('outlives the stack, is encrypted and is closed to the public', () => {
    expect({ DeletionPolicy, UpdateReplacePolicy }).toEqual(outlasting);
    expect(Properties.BucketEncryption).toBeDefined();
    expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
  });

  test('keeps records of builds for a year, and what is known of released images for ever', () => {
    const expiring = Properties.LifecycleConfiguration.Rules.filter(
      (rule: { ExpirationInDays?: number }) => rule.ExpirationInDays !== undefined,
    );
    expect(expiring).toMatchObject([
      { Prefix: 'builds/', ExpirationInDays: 365, Status: 'Enabled' },
      { Prefix: 'package-repositories/', ExpirationInDays: 365, Status: 'Enabled' },
    ]);
  });
});

test('nobody reaches the bucket, the queues or the topic of alarms without TLS', () => {
  for (const type of ['AWS::S3::BucketPolicy', 'AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy']) {
    for (const { id, Properties } of resources(type)) {
      const denials = statementsOf(Properties.PolicyDocument).filter(({ effect }) => effect === 'Deny');
      expect({ id, conditions: denials.map(({ condition }) => condition) }).toEqual({
        id,
        conditions: [{ Bool: { 'aws:SecureTransport': 'false' } }],
      });
    }
  }
});

describe.each([
  ['triggers', 'TriggersQueue', 'TriggersDeadLetters', 10, 5],
  ['what the pipeline calls for', 'TriggersBackgroundQueue', 'TriggersBackgroundDeadLetters', 10, 5],
  ['what anybody can cause', 'TriggersUntrustedQueue', 'TriggersUntrustedDeadLetters', 1, 2],
])('the queue of %s', (_what, queueId, deadLettersId, BatchSize, MaximumConcurrency) => {
  const queue = resource('AWS::SQS::Queue', queueId);
  const deadLetters = resource('AWS::SQS::Queue', deadLettersId);

  test('moves a trigger aside that failed five times, and keeps it there for two weeks', () => {
    expect(queue.Properties.RedrivePolicy).toEqual({
      deadLetterTargetArn: { 'Fn::GetAtt': [deadLetters.id, 'Arn'] },
      maxReceiveCount: 5,
    });
    expect(deadLetters.Properties.MessageRetentionPeriod).toBe(14 * 86_400);
  });

  test('does not show a trigger to a second planner while the first may still be at it', () => {
    const { Timeout } = functionOf('plan-builds').resource.Properties;
    expect(queue.Properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * Timeout);
  });

  test('loses only those triggers of a batch that were planned', () => {
    const mappings = resources('AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties);
    const own = mappings.filter(({ EventSourceArn }) => EventSourceArn['Fn::GetAtt'][0] === queue.id);
    expect(own).toMatchObject([
      { BatchSize, ScalingConfig: { MaximumConcurrency }, FunctionResponseTypes: ['ReportBatchItemFailures'] },
    ]);
  });
});

describe('secrets', () => {
  test('are in no template: the one for webhooks is made at the deployment, the tokens of the git hosts are put in by the operator', () => {
    expect(resource('AWS::SecretsManager::Secret', 'SecretsWebhook').Properties.SecretString).toBeUndefined();
    expect(resource('AWS::SecretsManager::Secret', 'SecretsWebhook').Properties.GenerateSecretString).toMatchObject({
      PasswordLength: 48,
    });
    expect(resource('AWS::SecretsManager::Secret', 'SecretsGitHostTokens').Properties.SecretString).toBe('none');
  });
});

test('logs last as long as the configuration says, and no longer than the stack', () => {
  for (const { Properties, DeletionPolicy } of resources('AWS::Logs::LogGroup')) {
    expect({ days: Properties.RetentionInDays, DeletionPolicy }).toEqual({ days: 30, DeletionPolicy: 'Delete' });
  }
});

test('a first deployment that failed can be repeated: it leaves nothing with a name that the next one needs', () => {
  const left = Object.values(template().Resources).filter(({ DeletionPolicy }) => DeletionPolicy !== undefined);
  expect(new Set(left.map(({ DeletionPolicy }) => DeletionPolicy))).toEqual(
    new Set(['RetainExceptOnCreate', 'Delete']),
  );
});

test('logs that services of AWS write share one entry of the resource policy of the account', () => {
  const written = [
    resource('AWS::ApiGatewayV2::Stage').Properties.AccessLogSettings.DestinationArn,
    resource('AWS::StepFunctions::StateMachine').Properties.LoggingConfiguration.Destinations[0].CloudWatchLogsLogGroup
      .LogGroupArn,
  ].map((destination) => destination['Fn::GetAtt'][0]);
  const names = written.map((id) => resource('AWS::Logs::LogGroup', id).Properties.LogGroupName);
  expect(names).toEqual(['/aws/vendedlogs/apis/Slipway', '/aws/vendedlogs/states/Slipway']);
});

test('the stack says where everything is', () => {
  expect(Object.keys(template().Outputs).toSorted()).toEqual([
    'ApiUrl',
    'BasesTableName',
    'BuildSecretsPrefix',
    'BuilderProjectName',
    'BuildsTableName',
    'CopyReleasesRoleArn',
    'DeliveriesTableName',
    'DeployCredentialsSecretArn',
    'EndHoldsFunctionName',
    'ExpireImagesFunctionName',
    'GitHostTokensSecretArn',
    'GitHosts',
    'IndexRepository',
    'NotifyUrlsPrefix',
    'OperatorsTopicArn',
    'ProjectsTableName',
    'PublicKeyUrl',
    'PullCredentialsSecretArn',
    'ReconcileBuildsFunctionName',
    'RecordsBucketName',
    'RegistryCredentialsSecretArn',
    'RepositoryPrefix',
    'RescanReleasesFunctionName',
    'RetryDeliveriesFunctionName',
    'RetryUrlNotificationsFunctionName',
    'RunSchedulesFunctionName',
    'Sender',
    'SigningKeyArn',
    'SiteUrl',
    'SourceSecretsPrefix',
    'StateMachineArn',
    'TriggersQueueUrl',
    'WarnWaiversFunctionName',
    'WatchBasesFunctionName',
    'WatchPackagesFunctionName',
    'WatchSourcesFunctionName',
    'WebhookSecretArn',
    'WebhooksUrl',
  ]);
});

test('the stack needs nothing but what CloudFormation itself has: no custom resources, no parameters', () => {
  expect(Object.keys(template().Resources).length).toBeGreaterThan(50);
  expect(
    Object.values(template().Resources).filter(({ Type }) =>
      /^(?:Custom::|AWS::CloudFormation::|AWS::CDK::)/.test(Type),
    ),
  ).toEqual([]);
  expect(template().Parameters).toBeUndefined();
});

test('the queues let nobody in but roles of this account', () => {
  for (const { Properties } of resources('AWS::SQS::QueuePolicy')) {
    expect(statementsOf(Properties.PolicyDocument).filter(({ effect }) => effect === 'Allow')).toEqual([]);
  }
  expect(arn(resource('AWS::SQS::Queue', 'TriggersQueue'))).toMatch(/^<TriggersQueue/);
});
