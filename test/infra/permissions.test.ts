import { describe, expect, test } from 'vitest';
import { flatten } from '../../infra/flatten.ts';
import {
  arn,
  bundleOf,
  functionOf,
  functions,
  permissionsOf,
  resource,
  resources,
  type Statement,
} from './template.ts';

const repositories = 'arn:<AWS::Partition>:ecr:<AWS::Region>:<AWS::AccountId>:repository/slipway/';
const push = ['ecr:CompleteLayerUpload', 'ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:UploadLayerPart'];
const pull = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

const roles = () => resources('AWS::IAM::Role').map((role) => ({ role, permissions: permissionsOf(role) }));
const allows = (statements: Statement[], action: string) =>
  statements.some(({ effect, actions }) => effect === 'Allow' && actions.includes(action));

test('the machine of a build can fetch its program, write its log and ask for the credentials of its build, and nothing else', () => {
  const { Location } = resource('AWS::CodeBuild::Project', 'BuilderProject').Properties.Source;
  const permissions = permissionsOf(resource('AWS::IAM::Role', 'BuilderRole'));
  const program = permissions.find(({ actions }) => actions.includes('s3:GetObjectVersion'));
  const programBucket = permissions.find(({ actions }) => actions.includes('s3:GetBucketLocation'));
  expect(programBucket).toMatchObject({
    actions: ['s3:GetBucketAcl', 's3:GetBucketLocation'],
    resources: [program?.resources[0]?.replace(/\/[^/]*$/, '')],
  });
  expect(JSON.stringify(Location)).toContain(program?.resources[0]?.split('/').at(-1));
  expect(
    permissions
      .filter((statement) => statement !== program && statement !== programBucket)
      .map(({ effect, actions, resources: on }) => ({ effect, actions, on })),
  ).toEqual([
    {
      effect: 'Allow',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      on: [arn(resource('AWS::Logs::LogGroup', 'Builder'))],
    },
    {
      effect: 'Allow',
      actions: ['lambda:InvokeFunction'],
      on: [arn(functionOf('build-credentials').resource)],
    },
  ]);
});

test('the builds together can read requests, pull, push candidates, write what a build records and mount its secrets, and nothing else', () => {
  const bucket = arn(resource('AWS::S3::Bucket'));
  expect(
    permissionsOf(resource('AWS::IAM::Role', 'BuildSessionsSession')).map(({ effect, actions, resources: on }) => ({
      effect,
      actions,
      on,
    })),
  ).toEqual([
    { effect: 'Allow', actions: ['s3:GetObject'], on: [`${bucket}/builds/*/request.json`] },
    {
      effect: 'Allow',
      actions: ['s3:PutObject'],
      on: [
        'log/*',
        'packages.json',
        'result.json',
        'sbom.cdx.json',
        'sbom.spdx.json',
        'scanners.json',
        'steps.json',
      ].map((name) => `${bucket}/builds/*/${name}`),
    },
    { effect: 'Allow', actions: ['ecr:GetAuthorizationToken'], on: ['*'] },
    { effect: 'Allow', actions: pull, on: [`${repositories}*`] },
    { effect: 'Allow', actions: push, on: [`${repositories}candidate/*`] },
    {
      effect: 'Allow',
      actions: ['secretsmanager:GetSecretValue'],
      on: ['arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:slipway/build-secrets/*'],
    },
  ]);
});

test('only the function that makes the session policies can begin a session of the builds’ role', () => {
  const role = resource('AWS::IAM::Role', 'BuildSessionsSession');
  const { Role } = functionOf('build-credentials').resource.Properties;
  expect(role.Properties.AssumeRolePolicyDocument.Statement).toEqual([
    { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: Role } },
  ]);
  expect(roles().filter(({ permissions }) => allows(permissions, 'sts:AssumeRole'))).toEqual([]);
});

describe('what a release depends on is written by one function alone, or by the two that may set tags', () => {
  /** Who may name an attribute in a write to a table. */
  const writers = (table: string, attribute: string) =>
    roles()
      .filter(({ permissions }) =>
        permissions.some(
          ({ actions, resources: on, condition }) =>
            on.includes(arn(resource('AWS::DynamoDB::GlobalTable', `State${table}`))) &&
            actions.some((action) => /:(?:Put|Update|BatchWrite)Item$/.test(action)) &&
            !excluded(condition).includes(attribute),
        ),
      )
      .map(({ role }) => role.id.replace(/Role[0-9A-F]{8}$/, ''));
  const excluded = (condition: unknown): string[] =>
    (condition as Record<string, Record<string, string[]>> | undefined)?.['ForAllValues:StringNotEquals']?.[
      'dynamodb:Attributes'
    ] ?? [];

  test.each([
    ['Builds', 'tokens', 'StepsIssueToken'],
    ['Builds', 'candidate', 'StepsCollectScan'],
    ['Builds', 'verdict', 'StepsJudge'],
    ['Builds', 'image', 'StepsRelease', 'StepsRollBack'],
    ['Projects', 'judged', 'StepsJudge'],
    ['Projects', 'released', 'StepsRelease', 'StepsRollBack'],
    ['Heads', 'released', 'StepsRelease'],
    ['Addresses', 'answer', 'PagesSite'],
    ['Addresses', 'answeredAt', 'PagesSite'],
    ['Addresses', 'failure', 'NotificationsRecordMailFailures'],
  ])('in %s, %s', (table, attribute, ...expected) => {
    expect(writers(table, attribute)).toEqual(expected);
    expect(writers(table, 'another').length).toBeGreaterThan(1);
  });

  test('also where DynamoDB names no attribute', () => {
    const conditions = roles()
      .flatMap(({ permissions }) => permissions)
      .filter(({ condition }) => excluded(condition).length > 0)
      .map(({ condition }) => (condition as { Null?: object }).Null);
    expect(new Set(conditions.map((each) => JSON.stringify(each)))).toEqual(
      new Set(['{"dynamodb:Attributes":"false"}']),
    );
  });
});

test('nothing that is released is given a rule by which it expires', () => {
  for (const { permissions } of roles())
    for (const { resources: on } of permissions.filter(({ actions }) => actions.includes('ecr:PutLifecyclePolicy')))
      expect(on).toEqual([`${repositories}candidate/*`]);
  expect(allows(functionOf('plan-builds').permissions, 'ecr:PutLifecyclePolicy')).toBe(true);
});

test('nobody but the release step can put an image anywhere but among the candidates, and a rollback tags what is there', () => {
  const roleOf = (stem: string) => functionOf(stem).resource.Properties.Role['Fn::GetAtt'][0];
  for (const { role, permissions } of roles()) {
    if (roleOf('release') === role.id) continue;
    if (roleOf('roll-back') === role.id) {
      const allowed = permissions.filter(({ effect }) => effect === 'Allow').flatMap(({ actions }) => actions);
      expect(allowed.filter((action) => push.includes(action))).toEqual(['ecr:PutImage']);
      continue;
    }
    for (const { actions, resources: on } of permissions.filter(({ actions: some }) =>
      some.some((action) => push.includes(action)),
    )) {
      expect({ role: role.id, actions, on }).toMatchObject({ on: [`${repositories}candidate/*`] });
    }
  }
});

test('only the step that signs can use the key, and only it and the pages can read the public key', () => {
  const may = (action: string) =>
    roles()
      .filter(({ permissions }) =>
        permissions.some(({ actions }) => actions.some((each) => wildcard(each).test(action))),
      )
      .map(({ role }) => role.id.replace(/Role[0-9A-F]{8}$/, ''));
  const wildcard = (pattern: string) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
  expect(may('kms:Sign')).toEqual(['StepsSign']);
  expect(may('kms:GetPublicKey').toSorted()).toEqual(['PagesSite', 'StepsSign']);
  for (const action of ['kms:PutKeyPolicy', 'kms:CreateGrant', 'kms:ScheduleKeyDeletion', 'kms:DisableKey'])
    expect(may(action)).toEqual([]);
  const key = resource('AWS::KMS::Key');
  for (const { permissions } of roles())
    for (const { resources: on } of permissions.filter(({ actions }) =>
      actions.some((each) => each.startsWith('kms:')),
    ))
      expect(on).toEqual([arn(key)]);
  expect(key.Properties).toMatchObject({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
});

test('only the step that signs can write what is signed', () => {
  const signatures = `${arn(resource('AWS::S3::Bucket'))}/builds/*/signatures/*.sigstore.json`;
  const writers = roles().filter(({ permissions }) =>
    permissions.some(({ actions, resources: on }) => actions.includes('s3:PutObject') && on.includes(signatures)),
  );
  expect(writers.map(({ role }) => role.id)).toEqual([expect.stringMatching(/^StepsSignRole/)]);
});

test('the release step cannot change a candidate', () => {
  expect(functionOf('release').permissions).toContainEqual({
    effect: 'Deny',
    actions: push,
    resources: [`${repositories}candidate/*`],
    condition: undefined,
  });
});

test('nobody can delete a record or an object, and only the function that lets releases expire an image', () => {
  // What says how things stand with others, and is written anew when they change.
  const listedTables = ['Bases', 'Dependents', 'Sources'].map((name) =>
    arn(resource('AWS::DynamoDB::GlobalTable', `State${name}`)),
  );
  const expiring = resource('AWS::IAM::Role', 'ExpireImages').id;
  for (const { role, permissions } of roles()) {
    const deletions = permissions
      .filter(({ effect }) => effect === 'Allow')
      .filter(({ resources: on }) => !on.every((name) => listedTables.includes(name)))
      .flatMap(({ actions }) => actions)
      .filter((action) => /Delete/.test(action) && !/^(?:sqs|logs):/.test(action));
    expect({ role: role.id, deletions }).toEqual({
      role: role.id,
      deletions: role.id === expiring ? ['ecr:BatchDeleteImage'] : [],
    });
  }
  expect(permissionsOf(resource('AWS::IAM::Role', 'ExpireImages'))).toContainEqual(
    expect.objectContaining({
      effect: 'Deny',
      actions: ['ecr:BatchDeleteImage'],
      resources: [`${repositories}candidate/*`],
    }),
  );
});

test.each([
  ['Deliveries', '//commit/*', 'DeliveryDeliver', 'DeliveryRetryDeliveries'],
  ['Releases', 'holds *', 'PlannerPlanBuilds', 'StepsRollBack'],
  ['Cascades', 'mails *', 'StepsTell', 'SupervisionCloseBuild'],
])('in %s, who records something of its own puts no item but %s', (table, keys, ...expected) => {
  const own = {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [keys] },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  };
  const putting = roles().flatMap(({ role, permissions }) =>
    permissions
      .filter(
        ({ actions, resources: on }) =>
          actions.includes('dynamodb:PutItem') &&
          on.includes(arn(resource('AWS::DynamoDB::GlobalTable', `State${table}`))),
      )
      .map(({ condition }) => ({ role: role.id.replace(/Role[0-9A-F]{8}$/, ''), condition })),
  );
  for (const role of expected) expect(putting.filter((each) => each.role === role)).toEqual([{ role, condition: own }]);
});

test('the pages can only read, but for the answer of a mail address, and of the bucket only what they show', () => {
  const { permissions } = functionOf('site');
  const bucket = arn(resource('AWS::S3::Bucket'));
  const writing = permissions
    .flatMap(({ actions }) => actions)
    .filter((action) => !/:(?:Get|BatchGet|Query|Scan|List)/.test(action) && !action.startsWith('logs:'));
  expect(writing).toEqual(['dynamodb:UpdateItem']);
  expect(permissions.filter(({ actions }) => actions.includes('dynamodb:UpdateItem'))).toMatchObject([
    {
      resources: [arn(resource('AWS::DynamoDB::GlobalTable', 'StateAddresses'))],
      condition: {
        'ForAllValues:StringNotEquals': {
          'dynamodb:Attributes': ['asks', 'askedAt', 'askingUntil', 'failure', 'failing', 'failedAt'],
        },
        Null: { 'dynamodb:Attributes': 'false' },
      },
    },
  ]);
  // What only operators may know is read by another function.
  const deliveries = arn(resource('AWS::DynamoDB::GlobalTable', 'StateDeliveries'));
  expect(permissions.flatMap(({ resources: on }) => on).filter((each) => each.startsWith(deliveries))).toEqual([]);
  const objects = permissions
    .filter(({ actions }) => actions.includes('s3:GetObject'))
    .flatMap(({ resources: on }) => on.map((each) => each.replace(`${bucket}/`, '')));
  expect([...new Set(objects)].toSorted()).toEqual([
    'builds/*/comparison.json',
    'builds/*/findings.json',
    'builds/*/log/*',
    'builds/*/packages.json',
    'builds/*/sbom.cdx.json',
    'builds/*/sbom.spdx.json',
    'builds/*/scanners.json',
    'builds/*/signatures/*.sigstore.json',
    'builds/*/steps.json',
    'releases/*/*/findings.json',
    'retention/*.json',
  ]);
});

test('the rescan of releases can take no image and no tag away, nor give any', () => {
  for (const stem of ['rescan-releases', 'record-findings']) {
    const changing = functionOf(stem)
      .permissions.flatMap(({ actions }) => actions)
      .filter((action) => action.startsWith('ecr:') && !/:(?:Describe|StartImageScan$)/.test(action));
    expect(changing).toEqual([]);
  }
});

test('the webhook reads its own secret and sends to the queues, and can do nothing else', () => {
  expect(functionOf('webhook').permissions.map(({ actions, resources: on }) => ({ actions, on }))).toEqual([
    { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], on: [arn(resource('AWS::Logs::LogGroup', 'Webhook'))] },
    {
      actions: ['secretsmanager:GetSecretValue'],
      on: [`<${resource('AWS::SecretsManager::Secret', 'SecretsWebhook').id}>`],
    },
    {
      actions: ['sqs:SendMessage'],
      on: ['TriggersQueue', 'TriggersUntrustedQueue'].map((queue) => arn(resource('AWS::SQS::Queue', queue))),
    },
  ]);
});

test('each function that sends triggers sends those of its own kind: what strangers call can roll nothing back', () => {
  const { Variables } = functionOf('plan-builds').resource.Properties.Environment;
  const senders = JSON.parse(flatten(Variables.TRIGGER_SENDERS)) as Record<string, string[]>;
  const kinds = Object.fromEntries(
    functions().flatMap(({ stem, resource: { Properties } }) => {
      const allowed = senders[`<${Properties.Role['Fn::GetAtt'][0]}.RoleId>`];
      return allowed ? [[stem, allowed]] : [];
    }),
  );
  expect(kinds).toEqual({
    'accept-command': ['cancel', 'cancel-cascade', 'hold', 'manual', 'rollback', 'unhold'],
    'close-build': ['build-ended'],
    'end-holds': ['unhold'],
    webhook: ['approval', 'pull-request', 'push', 'rerun'],
    'reconcile-builds': ['build-ended', 'cascade-step'],
    'run-schedules': ['schedule'],
    tell: ['build-ended'],
    'watch-bases': ['bases-changed'],
    'watch-packages': ['packages-changed'],
    'watch-sources': ['source-moved'],
  });
  const sending = functions().filter(({ permissions }) => allows(permissions, 'sqs:SendMessage'));
  expect(sending.map(({ stem }) => stem).toSorted()).toEqual([...Object.keys(kinds), 'plan-builds'].toSorted());
});

test('mail goes out from the one address only', () => {
  const { EmailIdentity } = resource('AWS::SES::EmailIdentity').Properties;
  const sending = roles().flatMap(({ permissions }) =>
    permissions.filter(({ actions }) => actions.some((action) => action.startsWith('ses:'))),
  );
  expect(sending.length).toBeGreaterThan(2);
  for (const { actions, condition } of sending) {
    expect({ actions, condition }).toEqual({
      actions: ['ses:SendRawEmail'],
      condition: { StringEquals: { 'ses:FromAddress': EmailIdentity } },
    });
  }
});

test('only the planner and the reconciliation start executions, only the state machine starts builds', () => {
  const able = (action: string) =>
    roles()
      .filter(({ permissions }) => allows(permissions, action))
      .map(({ role }) => role.id.replace(/Role[0-9A-F]{8}$/, ''));
  expect(able('states:StartExecution').sort()).toEqual(['PlannerPlanBuilds', 'SupervisionReconcileBuilds']);
  expect(able('codebuild:StartBuild')).toEqual(['PipelineStateMachine']);
});

test('who starts builds can stop them, of this machine and these projects alone', () => {
  const projects = resources('AWS::CodeBuild::Project').map(arn);
  for (const stem of ['plan-builds', 'reconcile-builds']) {
    const on = (action: string) =>
      functionOf(stem)
        .permissions.filter(({ actions }) => actions.includes(action))
        .flatMap(({ resources: names }) => names);
    expect(on('states:StopExecution')).toEqual([expect.stringMatching(/:execution:.+:\*$/)]);
    expect(on('codebuild:StopBuild').toSorted()).toEqual(projects.toSorted());
  }
  const able = (action: string) => roles().filter(({ permissions }) => allows(permissions, action)).length;
  expect(able('states:StopExecution')).toBe(2);
  // The state machine stops the build that it waits for; and what begins after its build's end is stopped as it begins.
  expect(able('codebuild:StopBuild')).toBe(4);
});

test('the findings of enhanced scanning can be read: ECR asks Inspector for them with the permissions of its caller', () => {
  expect(functionOf('collect-scan').permissions).toContainEqual(
    expect.objectContaining({ effect: 'Allow', actions: ['inspector2:ListCoverage', 'inspector2:ListFindings'] }),
  );
});

test('no role has a managed policy, a wildcard among its actions or a second service that assumes it', () => {
  for (const { role, permissions } of roles()) {
    expect(role.Properties.ManagedPolicyArns).toBeUndefined();
    expect(permissions.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([]);
    expect(role.Properties.AssumeRolePolicyDocument.Statement).toHaveLength(1);
  }
});

test('every function and every project has a role of its own', () => {
  const users = [...resources('AWS::Lambda::Function'), ...resources('AWS::StepFunctions::StateMachine')].map(
    ({ Properties }) => (Properties.Role ?? Properties.RoleArn)['Fn::GetAtt'][0],
  );
  expect(new Set(users).size).toBe(users.length);
});

describe('no function may do what its code never uses', () => {
  /** What Lambda itself calls in the function's name. */
  const byLambda =
    /^(?:logs:|sqs:(?:ReceiveMessage|ChangeMessageVisibility|GetQueueUrl|DeleteMessage|GetQueueAttributes)$)/;
  /** Permissions that calls over the registry's own API need. */
  const byRegistry = new Set([...push, ...pull, 'ecr:ListImages']);
  const operations: Record<string, string> = {
    's3:ListBucket': 'ListObjectsV2|GetObject',
    'lambda:InvokeFunction': 'Invoke',
  };

  test.each(functions().map((each) => [each.stem, each] as const))('%s', (_stem, each) => {
    const code = bundleOf(each);
    const unused = each.permissions
      .flatMap(({ actions }) => actions)
      .filter((action) => !byLambda.test(action) && !byRegistry.has(action))
      .filter(
        (action) => !new RegExp(`\\b(?:${operations[action] ?? action.split(':')[1]})(?:Command)?\\b`).test(code),
      );
    expect(unused).toEqual([]);
  });
});
