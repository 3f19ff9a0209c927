import {
  GetCommandInvocationCommand,
  InvalidCommandId,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
  SSMServiceException,
} from '@aws-sdk/client-ssm';
import { UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import type { Command } from '../../core/rollouts/progress.ts';
import { variable } from '../environment.ts';

const failures = ['Failed', 'TimedOut', 'Cancelled'];

/**
 * Commands on servers by Systems Manager: only those of one document, which replaces a container. If Systems Manager refuses a call, its
 * reason is thrown as an `UpstreamError`.
 */
export function createServerCommands(client: SSMClient, document: string) {
  const sent = <Answer>(call: Promise<Answer>): Promise<Answer> =>
    call.catch((cause: unknown) => {
      if (!(cause instanceof SSMServiceException)) throw cause;
      throw new UpstreamError(`Systems Manager answered ${cause.name}: ${cause.message}`, { cause });
    });

  return {
    /** Has the servers with a tag run a container from another image, one after the other. @returns the command's id */
    async replaceContainer({
      servers,
      container,
      image,
      calledAt,
    }: {
      servers: string;
      container: string;
      image: string;
      calledAt: string;
    }): Promise<string> {
      const [key = '', value = ''] = [servers.slice(0, servers.indexOf('=')), servers.slice(servers.indexOf('=') + 1)];
      const send = new SendCommandCommand({
        DocumentName: document,
        Targets: [{ Key: `tag:${key}`, Values: [value] }],
        Parameters: { Image: [image], Container: [container], CalledAt: [calledAt] },
        Comment: `Slipway: ${container}`.slice(0, 100),
        // The first server that fails ends the command: the others keep what they have.
        MaxConcurrency: '1',
        MaxErrors: '0',
      });
      const { Command } = await sent(client.send(send));
      if (!Command?.CommandId) throw new UpstreamError('Systems Manager took no command.');
      return Command.CommandId;
    },

    /** Undefined as long as Systems Manager does not show the command. */
    async command(id: string): Promise<Command | undefined> {
      const [found] = await sent(client.send(new ListCommandsCommand({ CommandId: id }))).then(
        ({ Commands = [] }) => Commands,
        (error: unknown) => {
          // AWS needs some seconds until all of its own servers know the command.
          if (error instanceof UpstreamError && error.cause instanceof InvalidCommandId) return [];
          throw error;
        },
      );
      if (!found) return undefined;
      const { Status: status = '', StatusDetails: details = status, TargetCount: servers = 0 } = found;
      return { status, details, servers, failure: failures.includes(status) ? await failureOf(id) : undefined };
    },
  };

  /** The first server that failed. */
  async function failureOf(id: string): Promise<Command['failure']> {
    const { CommandInvocations = [] } = await sent(client.send(new ListCommandInvocationsCommand({ CommandId: id })));
    const failed = CommandInvocations.find(({ Status = '' }) => failures.includes(Status));
    if (!failed?.InstanceId) return undefined;
    const get = new GetCommandInvocationCommand({ CommandId: id, InstanceId: failed.InstanceId });
    const { StandardErrorContent: output = '' } = await sent(client.send(get));
    return { server: failed.InstanceId, output };
  }
}

export type ServerCommands = ReturnType<typeof createServerCommands>;

export const openServerCommands = once(() =>
  createServerCommands(new SSMClient({}), variable('REPLACE_CONTAINER_DOCUMENT')),
);
