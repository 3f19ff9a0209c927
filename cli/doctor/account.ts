import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECRClient } from '@aws-sdk/client-ecr';
import { Inspector2Client } from '@aws-sdk/client-inspector2';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Connection } from '../deployment/connection.ts';
import { NotDeployedError } from './check-result.ts';

/** The clients of an account, with the credentials and the region that the AWS CLI would use. */
const createClients = (settings: Connection['settings']) => ({
  cloudFormation: new CloudFormationClient(settings),
  codeBuild: new CodeBuildClient(settings),
  dynamo: new DynamoDBClient(settings),
  ecr: new ECRClient(settings),
  inspector: new Inspector2Client(settings),
  lambda: new LambdaClient(settings),
  quotas: new ServiceQuotasClient(settings),
  secrets: new SecretsManagerClient(settings),
  ses: new SESv2Client(settings),
  states: new SFNClient(settings),
  topics: new SNSClient(settings),
});

export interface StackState {
  status: string;
  /** What the last look for drift found. */
  drift?: string | undefined;
  outputs: Readonly<Record<string, string>>;
}

export interface Account extends ReturnType<typeof createClients> {
  /** Twelve digits. */
  id: string;
  stackName: string;
  isDeployed: boolean;
  /** Those of the stack, as far as it has them. */
  outputs: Readonly<Record<string, string>>;
  /** Undefined where there is no such stack. */
  stackOf(name: string): Promise<StackState | undefined>;
  /**
   * An output of the stack.
   * @throws NotDeployedError
   */
  output(name: string): string;
}

/**
 * Opens the account, and reads the stack once.
 * @throws what the SDK throws where there is no connection or there are no credentials
 */
export async function openAccount({ stack: stackName, settings }: Connection): Promise<Account> {
  const clients = createClients(settings);
  const { Account: id = '' } = await new STSClient(settings).send(new GetCallerIdentityCommand({}));

  async function stackOf(name: string): Promise<StackState | undefined> {
    const answer = await clients.cloudFormation
      .send(new DescribeStacksCommand({ StackName: name }))
      .catch((error: Error) => {
        if (/does not exist/.test(error.message)) return undefined;
        throw error;
      });
    const [stack] = answer?.Stacks ?? [];
    if (!stack) return undefined;
    const outputs = (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]);
    return {
      status: stack.StackStatus ?? '',
      drift: stack.DriftInformation?.StackDriftStatus,
      outputs: Object.fromEntries(outputs),
    };
  }

  const stack = await stackOf(stackName);
  return {
    ...clients,
    id,
    stackName,
    isDeployed: stack !== undefined,
    outputs: stack?.outputs ?? {},
    stackOf,
    output(name) {
      const value = stack?.outputs[name];
      if (value === undefined) {
        throw new NotDeployedError(
          stack
            ? `The stack ${stackName} has no output ${name}: deploy it again.`
            : `There is no stack ${stackName} yet.`,
        );
      }
      return value;
    },
  };
}
