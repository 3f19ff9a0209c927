import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type * as z from 'zod';
import { DeploymentError } from '../errors.ts';
import { askAws } from './ask-aws.ts';
import type { Deployment } from './deployment.ts';

/**
 * The answer of one of the stack's functions, which the output `<name>FunctionName` names.
 * @throws DeploymentError also if the function failed
 */
export async function invoke<Answer>(
  { stack, settings, output }: Deployment,
  name: string,
  request: object,
  schema: z.ZodType<Answer>,
): Promise<Answer> {
  const FunctionName = output(`${name}FunctionName`);
  if (FunctionName === undefined) throw new DeploymentError(`The stack has no function ${name}: deploy Slipway again.`);
  const call = new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) });
  const needs = `lambda:InvokeFunction on the function ${name}`;
  const { Payload, FunctionError } = await askAws(stack, needs, () => new LambdaClient(settings).send(call));
  const text = Payload?.transformToString() ?? '';
  if (FunctionError)
    throw new DeploymentError(`The function ${name} failed; its log says why. It answered ${text.slice(0, 500)}`);
  return schema.parse(JSON.parse(text));
}
