import { SQSClient } from '@aws-sdk/client-sqs';
import { type LogFile, openLog } from '../log-file.ts';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, type Caller, resourceType, type Service } from '../service.ts';
import { createAsyncInvocations } from './async.ts';
import { type Outcome, type RunningFunction, runFunction } from './function.ts';
import { createIdleInstances } from './idle-instances.ts';
import { createInvoke } from './invoke.ts';
import { createQueuePoller, type QueuePoller } from './queue-poller.ts';
import {
  eventInvokeSchema,
  eventSourceSchema,
  type FunctionProperties,
  functionSchema,
  permissionSchema,
} from './schema.ts';

export interface Lambda extends Service {
  /** A function's answer as JSON text; the caller must be allowed to invoke it, unless it is the machine itself. */
  run(functionArn: string, event: string, caller?: Caller): Promise<Outcome>;
  /** Those of the resources that are functions will be called soon. */
  prepare(arns: readonly string[]): void;
  /** `InvocationType: Event`: stored, and tried up to three times. */
  invokeAsync(functionArn: string, event: unknown, caller?: Caller): void;
}

interface Deployed {
  running: RunningFunction;
  properties: FunctionProperties;
}

/** Lambda on one machine: functions run in threads of this process, straight from the cloud assembly's asset folders. */
export function createLambda(
  account: Account,
  codeOf: (bucket: string, key: string) => string,
  isBuilding = () => false,
): Lambda {
  const functions = new Map<string, Deployed>();
  const pollers: QueuePoller[] = [];
  const idleInstances = createIdleInstances(isBuilding);
  const arnOf = (name: string) =>
    name.startsWith('arn:') ? name : `arn:aws:lambda:${account.region}:${account.id}:function:${name}`;

  const find = (functionArn: string): Deployed => {
    const found = functions.get(arnOf(functionArn));
    if (found !== undefined) return found;
    throw new AwsError('ResourceNotFoundException', `Function not found: ${arnOf(functionArn)}`, 404);
  };

  const sqsOf = ({ running, properties }: Deployed): SQSClient =>
    new SQSClient({
      endpoint: account.endpoint,
      region: account.region,
      credentials: account.iam.keysOf(properties.Role, running.settings.functionName),
    });

  const run: Lambda['run'] = async (functionArn, event, caller) => {
    const { running } = find(functionArn);
    if (caller) {
      account.iam.authorize(caller, [{ action: 'lambda:InvokeFunction', resource: running.settings.functionArn }]);
    }
    const outcome = await running.invoke(event);
    if (!outcome.ok) {
      const { errorType, errorMessage } = outcome.error;
      account.log('lambda', `${running.settings.functionName} failed: ${errorType}: ${errorMessage.split('\n')[0]}`);
    }
    return outcome;
  };

  const asynchronous = createAsyncInvocations(account, run);

  /** A function whose role may not write its log runs all the same, and its output is lost. */
  const logOf = (role: string, functionName: string, logGroup: string): LogFile => {
    const caller = account.iam.callerOf(account.iam.keysOf(role, functionName).accessKeyId);
    const resource = `arn:aws:logs:${account.region}:${account.id}:log-group:${logGroup}:log-stream:${logStream}`;
    const actions = ['logs:CreateLogStream', 'logs:PutLogEvents'];
    try {
      if (caller)
        account.iam.authorize(
          caller,
          actions.map((action) => ({ action, resource })),
        );
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      account.log('lambda', `${functionName} writes no log: ${error.message}`);
      return { write: () => undefined, close: () => Promise.resolve() };
    }
    return openLog(account.dataFolder, logGroup);
  };

  const environmentOf = (properties: FunctionProperties, functionName: string, logGroup: string, taskRoot: string) => {
    const keys = account.iam.keysOf(properties.Role, functionName);
    // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    return {
      ...properties.Environment?.Variables,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_ENDPOINT_URL: account.endpoint,
      AWS_REGION: account.region,
      AWS_DEFAULT_REGION: account.region,
      AWS_EXECUTION_ENV: `AWS_Lambda_${properties.Runtime}`,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(properties.MemorySize),
      AWS_LAMBDA_FUNCTION_NAME: functionName,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: logGroup,
      AWS_LAMBDA_LOG_STREAM_NAME: logStream,
      LAMBDA_TASK_ROOT: taskRoot,
      LANG: 'en_US.UTF-8',
      PATH: '/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin',
      TZ: ':UTC',
      _HANDLER: properties.Handler,
    };
  };

  const resources = {
    'AWS::Lambda::Function': resourceType({
      properties: functionSchema,
      async create({ properties, ...resource }) {
        const functionName = properties.FunctionName ?? physicalName(resource);
        const functionArn = arnOf(functionName);
        account.iam.assertTrusts(properties.Role, 'lambda.amazonaws.com', functionArn);
        await functions.get(functionArn)?.running.stop();
        const taskRoot = codeOf(properties.Code.S3Bucket, properties.Code.S3Key);
        const logGroup = properties.LoggingConfig?.LogGroup ?? `/aws/lambda/${functionName}`;
        const settings = {
          taskRoot,
          handler: properties.Handler,
          functionName,
          functionArn,
          memoryMb: properties.MemorySize,
          logGroup,
          logStream,
          environment: environmentOf(properties, functionName, logGroup, taskRoot),
          timeoutSeconds: properties.Timeout,
        };
        const running = runFunction(settings, logOf(properties.Role, functionName, logGroup), idleInstances);
        functions.set(functionArn, { running, properties });
        return { ref: functionName, attributes: { Arn: functionArn } };
      },
    }),
    'AWS::Lambda::Permission': resourceType({
      properties: permissionSchema,
      create({ properties, logicalId, stackName }) {
        const { running } = find(properties.FunctionName);
        const { SourceArn, SourceAccount } = properties;
        const conditions = {
          ...(SourceArn !== undefined && { ArnLike: { 'AWS:SourceArn': SourceArn } }),
          ...(SourceAccount !== undefined && { StringEquals: { 'AWS:SourceAccount': SourceAccount } }),
        };
        const sid = `${stackName}-${logicalId}`;
        account.iam.addResourceStatement(running.settings.functionArn, sid, {
          Sid: sid,
          Effect: 'Allow',
          Principal: properties.Principal.includes('.')
            ? { Service: properties.Principal }
            : { AWS: properties.Principal },
          Action: properties.Action,
          Resource: running.settings.functionArn,
          ...(Object.keys(conditions).length > 0 && { Condition: conditions }),
        });
        return { ref: sid };
      },
    }),
    'AWS::Lambda::EventInvokeConfig': resourceType({
      properties: eventInvokeSchema,
      create({ properties, ...resource }) {
        asynchronous.configure(find(properties.FunctionName).running.settings.functionArn, {
          retries: properties.MaximumRetryAttempts,
          maximumAgeMilliseconds: properties.MaximumEventAgeInSeconds * 1000,
        });
        return { ref: physicalName(resource) };
      },
    }),
    'AWS::Lambda::EventSourceMapping': resourceType({
      properties: eventSourceSchema,
      create({ properties, ...resource }) {
        const deployed = find(properties.FunctionName);
        const { settings } = deployed.running;
        assertMayPoll(deployed, properties.EventSourceArn);
        const invoke = (event: string) => run(settings.functionArn, event);
        const consumer = { timeoutSeconds: settings.timeoutSeconds, invoke };
        pollers.push(createQueuePoller(account, sqsOf(deployed), properties, consumer));
        const id = physicalName(resource);
        return { ref: id, attributes: { Id: id } };
      },
    }),
  };

  const assertMayPoll = ({ properties, running }: Deployed, queueArn: string): void => {
    const { accessKeyId } = account.iam.keysOf(properties.Role, running.settings.functionName);
    const caller = account.iam.callerOf(accessKeyId);
    for (const action of ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']) {
      try {
        if (caller) account.iam.authorize(caller, [{ action: `sqs:${action}`, resource: queueArn }]);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        const message = `The provided execution role does not have permissions to call ${action} on SQS`;
        throw new AwsError('InvalidParameterValueException', message);
      }
    }
  };

  return {
    signingName: 'lambda',
    protocol: 'rest-json',
    rest: createInvoke(account, {
      assertThere: find,
      run,
      enqueue: (functionArn, event) => asynchronous.enqueue(functionArn, event),
    }),
    resources,
    run,
    prepare(arns) {
      for (const each of arns) functions.get(arnOf(each))?.running.prepare();
    },
    invokeAsync(functionArn, event, caller) {
      const { settings } = find(functionArn).running;
      if (caller) account.iam.authorize(caller, [{ action: 'lambda:InvokeFunction', resource: settings.functionArn }]);
      asynchronous.enqueue(settings.functionArn, JSON.stringify(event));
    },
    async start() {
      asynchronous.start();
      await Promise.all(pollers.map((poller) => poller.start()));
    },
    async stop() {
      asynchronous.stop();
      await Promise.all(pollers.map((poller) => poller.stop()));
      await Promise.all([...functions.values()].map(({ running }) => running.stop()));
    },
  };
}

/** One log stream for a function's instances: they write into one file. */
const logStream = '$LATEST';
