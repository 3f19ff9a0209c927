import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { callerName } from '../../core/api/commands.ts';
import { askAws } from './ask-aws.ts';
import type { Deployment } from './deployment.ts';

/** The caller's name in AWS. */
export async function ownName({ stack, settings }: Deployment): Promise<string> {
  const ask = () => new STSClient(settings).send(new GetCallerIdentityCommand({}));
  const { Arn = '' } = await askAws(stack, 'sts:GetCallerIdentity', ask);
  return callerName(Arn);
}
