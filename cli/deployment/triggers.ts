import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Trigger, triggerSchema } from '../../core/model/trigger.ts';
import { askAws } from './ask-aws.ts';
import type { Deployment } from './deployment.ts';

/** Queues a trigger. Whoever may send to the queue may have builds planned. */
export async function sendTrigger({ stack, settings, outputs }: Deployment, trigger: Trigger): Promise<void> {
  const MessageBody = JSON.stringify(triggerSchema.parse(trigger));
  const message = new SendMessageCommand({ QueueUrl: outputs.TriggersQueueUrl, MessageBody });
  const needs = 'sqs:SendMessage on the queue of triggers';
  await askAws(stack, needs, () => new SQSClient(settings).send(message));
}

/** The caller's name in AWS: the last part of the ARN. */
export async function callerName({ stack, settings }: Deployment): Promise<string> {
  const ask = () => new STSClient(settings).send(new GetCallerIdentityCommand({}));
  const { Arn = '' } = await askAws(stack, 'sts:GetCallerIdentity', ask);
  // `…:assumed-role/ROLE/SESSION`, `…:user/NAME`, `…:root`
  return Arn.split(/[/:]/).at(-1)?.slice(0, 100) || 'unknown';
}
