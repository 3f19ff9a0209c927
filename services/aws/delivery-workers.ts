import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { once } from '../../core/once.ts';
import type { TargetState } from '../../core/targets/target-state.ts';
import { variable } from '../environment.ts';

type Kind = Exclude<TargetState['kind'], 'manifest'>;

/** The functions that bring releases to targets of a kind, and may take minutes for it. */
export function createDeliveryWorkers(client: LambdaClient, functions: Record<Kind, string>) {
  return {
    /** Starts what is due at the targets of a project, without waiting for it. */
    async start(kind: Kind, project: string): Promise<void> {
      const Payload = JSON.stringify({ project });
      await client.send(new InvokeCommand({ FunctionName: functions[kind], InvocationType: 'Event', Payload }));
    },
  };
}

export type DeliveryWorkers = ReturnType<typeof createDeliveryWorkers>;

export const openDeliveryWorkers = once(() =>
  createDeliveryWorkers(new LambdaClient({}), {
    registry: variable('COPY_RELEASES_FUNCTION'),
    service: variable('ROLL_SERVICES_FUNCTION'),
  }),
);
