import { randomBytes } from 'node:crypto';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { z } from 'zod';
import type { Trigger } from '../core/model/trigger.ts';
import { publicKeyPem } from '../core/signing/public-key.ts';
import { sourceOf } from '../core/sources/source.ts';

/** Slipway or AWS cannot be reached; the message says what to do. */
export class DeploymentError extends Error {
  override readonly name = 'DeploymentError';
}

const outputsSchema = z.object({
  SiteUrl: z.url(),
  TriggersQueueUrl: z.url(),
  WebhookUrl: z.url(),
  WebhookSecretArn: z.string(),
  GitHubUrl: z.url(),
  GitHubApiUrl: z.url(),
  IndexRepository: z.string(),
  /** Absent from a stack that was deployed before releases were signed, or could be promoted. */
  SigningKeyArn: z.string().optional(),
});
const problemSchema = z.object({ detail: z.string() });
const errorSchema = z.object({ name: z.string(), message: z.string() });

/** A deployed Slipway, found by the outputs of its stack with the credentials and the region that the AWS CLI would use. */
export async function findDeployment(stack: string) {
  const client = new CloudFormationClient({});
  const answer = await explained(stack, () => client.send(new DescribeStacksCommand({ StackName: stack })));
  const outputs = Object.fromEntries(
    (answer.Stacks?.[0]?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey ?? '', OutputValue]),
  );
  const parsed = outputsSchema.safeParse(outputs);
  if (!parsed.success) throw new DeploymentError(`The stack ${stack} is not one of Slipway's: name it with --stack.`);
  const { SiteUrl: siteUrl, TriggersQueueUrl: queueUrl, WebhookSecretArn: SecretId } = parsed.data;
  const { SigningKeyArn: KeyId } = parsed.data;
  const { WebhookUrl: url, GitHubUrl: gitHost, GitHubApiUrl: apiUrl, IndexRepository: indexRepository } = parsed.data;

  return {
    siteUrl,

    /** What a webhook of the git host is made of. */
    webhook: {
      ...{ url, gitHost, apiUrl, indexRepository },
      /** The identity of the index's repository. */
      index: sourceOf(`${gitHost}/${indexRepository}`, gitHost),

      async master(): Promise<string> {
        const read = () => new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId }));
        const { SecretString } = await explained(stack, read);
        if (!SecretString)
          throw new DeploymentError('The master secret of the webhooks is empty: slipway webhook rotate');
        return SecretString;
      },

      async rotate(): Promise<void> {
        const SecretString = randomBytes(32).toString('hex');
        const put = new PutSecretValueCommand({ SecretId, SecretString });
        await explained(stack, () => new SecretsManagerClient({}).send(put));
      },
    },

    /** The key that verifies releases, as PEM. */
    async publicKey(): Promise<string> {
      if (KeyId === undefined)
        throw new DeploymentError(`The stack ${stack} has no signing key yet: deploy it again, or use --key.`);
      const read = new GetPublicKeyCommand({ KeyId });
      const { PublicKey = Buffer.of() } = await explained(stack, () => new KMSClient({}).send(read));
      return publicKeyPem(PublicKey);
    },

    /** The caller's name in AWS: the last part of the ARN. */
    async identity(): Promise<string> {
      const { Arn = '' } = await explained(stack, () => new STSClient({}).send(new GetCallerIdentityCommand({})));
      // `…:assumed-role/ROLE/SESSION`, `…:user/NAME`, `…:root`
      return Arn.split(/[/:]/).at(-1)?.slice(0, 100) || 'unknown';
    },

    async send(trigger: Trigger): Promise<void> {
      const MessageBody = JSON.stringify(trigger);
      await explained(stack, () => new SQSClient({}).send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody })));
    },

    /**
     * The answer of one of the stack's functions, which the output `<name>FunctionName` names.
     * @throws DeploymentError also if the function failed
     */
    async invoke<Answer>(name: string, request: object, schema: z.ZodType<Answer>): Promise<Answer> {
      const FunctionName = outputs[`${name}FunctionName`];
      if (FunctionName === undefined)
        throw new DeploymentError(`The stack has no function ${name}: deploy Slipway again.`);
      const call = new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) });
      const { Payload, FunctionError } = await explained(stack, () => new LambdaClient({}).send(call));
      const text = Payload?.transformToString() ?? '';
      if (FunctionError)
        throw new DeploymentError(`The function ${name} failed; its log says why. It answered ${text.slice(0, 500)}`);
      return schema.parse(JSON.parse(text));
    },

    /** The public API's answer; undefined for a 404. */
    async read<Answer>(path: string, schema: z.ZodType<Answer>): Promise<Answer | undefined> {
      const url = `${siteUrl}/api/v1/${path}`;
      const response = await fetch(url, { signal: AbortSignal.timeout(30_000) }).catch((cause: unknown) => {
        throw new DeploymentError(`${siteUrl} cannot be reached.`, { cause });
      });
      if (response.status === 404) return undefined;
      if (!response.ok) {
        // The API says by RFC 9457 what is wrong; what stands before it may answer anything.
        const problem = problemSchema.safeParse(await response.json().catch(() => undefined)).data;
        throw new DeploymentError(`${url} answered ${response.status}${problem ? `: ${problem.detail}` : '.'}`);
      }
      return schema.parse(await response.json());
    },
  };
}

export type Deployment = Awaited<ReturnType<typeof findDeployment>>;

/** Turns an error of AWS into one that says what the caller can do. */
async function explained<Answer>(stack: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    throw new DeploymentError(explain(stack, cause), { cause });
  }
}

/** What the caller can do about an error of AWS. */
export function explain(stack: string, error: unknown): string {
  const { name, message } = errorSchema.safeParse(error).data ?? { name: '', message: String(error) };
  if (/region is missing/i.test(message)) return 'No AWS region is set: set AWS_REGION to the one that Slipway is in.';
  if (name === 'CredentialsProviderError') {
    return 'There are no AWS credentials: set AWS_PROFILE, or log in with "aws sso login" or "aws login".';
  }
  if (/expired/i.test(`${name} ${message}`)) return 'The AWS credentials have expired: log in once more.';
  if (/does not exist/.test(message)) {
    return `There is no stack ${stack} in this account and region: name it with --stack, or set AWS_REGION and AWS_PROFILE.`;
  }
  if (/AccessDenied|not authorized/.test(`${name} ${message}`)) {
    return `AWS does not allow it: ${message} Needed are cloudformation:DescribeStacks on the stack and, to build, sqs:SendMessage on its queue; to promote, lambda:InvokeFunction on its function Promote; for webhooks, secretsmanager:GetSecretValue and to rotate secretsmanager:PutSecretValue on their secret; to verify images, kms:GetPublicKey on the signing key.`;
  }
  return `AWS answered: ${message || name}`;
}
