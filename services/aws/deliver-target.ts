import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';

/** Starts the delivery to one target of a project, without waiting for it. */
export function createDeliverTarget(client: LambdaClient, FunctionName: string) {
  return async function deliverTarget(project: string, target: string): Promise<void> {
    const Payload = JSON.stringify({ project, target });
    await client.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
  };
}

export type DeliverTarget = ReturnType<typeof createDeliverTarget>;

export const openDeliverTarget = once(() =>
  createDeliverTarget(new LambdaClient({}), variable('RETRY_DELIVERIES_FUNCTION')),
);
