import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import * as z from 'zod';
import { type Account, AwsError, operation, type Service } from '../service.ts';
import { createDocuments } from './documents.ts';
import { runScript } from './run-script.ts';

const commandId = z.uuid();
const statusSchema = z.enum(['Pending', 'InProgress', 'Success', 'Failed', 'TimedOut']);
const commandSchema = z.object({
  id: z.string(),
  document: z.string(),
  parameters: z.record(z.string(), z.array(z.string())),
  comment: z.string(),
  servers: z.array(z.string()),
  status: statusSchema,
  responseCode: z.int(),
  output: z.string(),
  error: z.string(),
  /** Seconds since 1970. */
  requestedAt: z.number(),
});
type Command = z.infer<typeof commandSchema>;

/**
 * Systems Manager: documents, and commands on servers. The one server is this machine, which gets the tags that its owner gives it, as a
 * server outside of EC2 does. https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html
 */
export function createSsm(account: Account): Service {
  const { database } = account;
  database.exec(`
    create table if not exists ssm_tag (instance text not null, key text not null, value text not null, primary key (instance, key)) strict;
    create table if not exists ssm_command (id text primary key, command text not null) strict;`);
  const putTag = database.prepare('insert or replace into ssm_tag values (?, ?, ?)');
  const allTags = database.prepare('select key, value from ssm_tag where instance = ?');
  const put = database.prepare('insert or replace into ssm_command values (?, ?)');
  const one = database.prepare('select command from ssm_command where id = ?');
  const all = database.prepare('select command from ssm_command');
  const documents = createDocuments(account);
  const ending = new AbortController();
  const running = new Set<Promise<void>>();
  let isRunning = false;

  const machine = `mi-${createHash('sha256').update(account.dataFolder).digest('hex').slice(0, 17)}`;
  const machineArn = `arn:aws:ssm:${account.region}:${account.id}:managed-instance/${machine}`;
  const tags = () => z.array(z.object({ key: z.string(), value: z.string() })).parse(allTags.all(machine));
  const save = (command: Command) => void put.run(command.id, JSON.stringify(command));
  const find = (id: string): Command => {
    const row = one.get(id);
    if (!row) throw new AwsError('InvalidCommandId', '');
    return commandSchema.parse(JSON.parse(String(row.command)));
  };

  const everyCommand = () => all.all().map((row) => commandSchema.parse(JSON.parse(String(row.command))));

  /** https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html */
  const emit = ({ id, document, status, parameters, requestedAt }: Command) =>
    account.emit({
      source: 'aws.ssm',
      'detail-type': 'EC2 Command Status-change Notification',
      resources: [machineArn],
      detail: {
        'command-id': id,
        'document-name': document,
        status,
        parameters: JSON.stringify(parameters),
        'requested-date-time': new Date(requestedAt * 1000).toISOString(),
      },
    });

  const run = async (command: Command): Promise<void> => {
    const begun: Command = { ...command, status: 'InProgress' };
    save(begun);
    emit(begun);
    const script = documents.script(command.document, command.parameters);
    const { host } = new URL(account.url);
    const { dataFolder } = account;
    const end = await runScript(script, { id: command.id, dataFolder, registry: host, signal: ending.signal });
    // It is run again after the next start.
    if (ending.signal.aborted) return;
    const ended: Command = { ...begun, ...end };
    save(ended);
    emit(ended);
  };

  const begin = (command: Command) => {
    if (!isRunning) return;
    const work = run(command)
      .catch((error: Error) => account.log('ssm', `${command.id}: ${error.message}`))
      .finally(() => running.delete(work));
    running.add(work);
  };

  const shown = (command: Command) => {
    const { id, document, parameters, comment, servers, status, requestedAt } = command;
    const isOver = status !== 'Pending' && status !== 'InProgress';
    return {
      CommandId: id,
      DocumentName: document,
      Parameters: parameters,
      Comment: comment,
      RequestedDateTime: requestedAt,
      Status: status,
      StatusDetails: status,
      TargetCount: servers.length,
      CompletedCount: isOver ? servers.length : 0,
      ErrorCount: isOver && status !== 'Success' ? servers.length : 0,
    };
  };
  const everything = (action: string) => () => [{ action: `ssm:${action}`, resource: '*' }];

  const sendInput = z.object({
    DocumentName: z.string().min(1),
    Targets: z
      .array(z.object({ Key: z.string().regex(/^tag:.{1,128}$/), Values: z.array(z.string()).min(1) }))
      .length(1),
    Parameters: z.record(z.string(), z.array(z.string())).default({}),
    Comment: z.string().max(100).default(''),
    // There is one server.
    MaxConcurrency: z.string().optional(),
    MaxErrors: z.string().optional(),
  });
  const serversOf = ({ Targets: [target] }: z.infer<typeof sendInput>): string[] => {
    const isOne = tags().some(({ key, value }) => target?.Key === `tag:${key}` && target.Values.includes(value));
    return isOne ? [machine] : [];
  };

  return {
    signingName: 'ssm',
    protocol: 'json-1.1',
    resources: { 'AWS::SSM::Document': documents.resource },
    operations: {
      AddTagsToResource: operation({
        input: z.object({
          ResourceType: z.literal('ManagedInstance'),
          ResourceId: z.string(),
          Tags: z.array(z.object({ Key: z.string().min(1).max(128), Value: z.string().max(256) })).min(1),
        }),
        permissions: ({ ResourceId }) => [
          { action: 'ssm:AddTagsToResource', resource: machineArn.replace(machine, ResourceId) },
        ],
        handle({ ResourceId, Tags }) {
          if (ResourceId !== machine) throw new AwsError('InvalidResourceId', '');
          for (const { Key, Value } of Tags) putTag.run(machine, Key, Value);
          return {};
        },
      }),

      DescribeInstanceInformation: operation({
        input: z.object({}),
        permissions: everything('DescribeInstanceInformation'),
        handle: () => ({
          InstanceInformationList: [
            { InstanceId: machine, PingStatus: 'Online', ResourceType: 'ManagedInstance', ComputerName: hostname() },
          ],
        }),
      }),

      SendCommand: operation({
        input: sendInput,
        permissions: (input) => [
          { action: 'ssm:SendCommand', resource: documents.arnOf(input.DocumentName) },
          ...serversOf(input).map(() => ({
            action: 'ssm:SendCommand',
            resource: machineArn,
            context: Object.fromEntries(tags().map(({ key, value }) => [`ssm:resourceTag/${key}`, value])),
          })),
        ],
        handle(input) {
          const { DocumentName: document, Parameters: parameters, Comment: comment } = input;
          documents.script(document, parameters);
          const servers = serversOf(input);
          const command: Command = {
            id: randomUUID(),
            document,
            parameters,
            comment,
            servers,
            // A command for no server has nothing to do.
            status: servers.length === 0 ? 'Success' : 'Pending',
            responseCode: -1,
            output: '',
            error: '',
            requestedAt: Date.now() / 1000,
          };
          save(command);
          if (servers.length > 0) begin(command);
          else emit(command);
          return { Command: shown(command) };
        },
      }),

      ListCommands: operation({
        input: z.object({ CommandId: commandId.optional() }),
        permissions: everything('ListCommands'),
        handle: ({ CommandId }) => ({
          Commands: (CommandId === undefined ? everyCommand() : [find(CommandId)]).map(shown),
        }),
      }),

      ListCommandInvocations: operation({
        input: z.object({ CommandId: commandId, Details: z.boolean().optional() }),
        permissions: everything('ListCommandInvocations'),
        handle({ CommandId }) {
          const { servers, status, document } = find(CommandId);
          const of = { CommandId, DocumentName: document, Status: status, StatusDetails: status };
          return { CommandInvocations: servers.map((InstanceId) => ({ ...of, InstanceId })) };
        },
      }),

      GetCommandInvocation: operation({
        input: z.object({ CommandId: commandId, InstanceId: z.string() }),
        permissions: everything('GetCommandInvocation'),
        handle({ CommandId, InstanceId }) {
          const { servers, status, document, responseCode, output, error } = find(CommandId);
          if (!servers.includes(InstanceId)) throw new AwsError('InvocationDoesNotExist', '');
          return {
            CommandId,
            InstanceId,
            DocumentName: document,
            Status: status,
            StatusDetails: status,
            ResponseCode: responseCode,
            StandardOutputContent: output,
            StandardErrorContent: error,
          };
        },
      }),
    },

    start() {
      isRunning = true;
      for (const command of everyCommand()) {
        if (command.status === 'Pending' || command.status === 'InProgress') begin(command);
      }
    },
    async stop() {
      isRunning = false;
      ending.abort();
      await Promise.all(running);
    },
  };
}
