import {
  AddTagsToResourceCommand,
  CreateDocumentCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  SSMClient,
} from '@aws-sdk/client-ssm';
import type { Case, Side } from './side.ts';

const clients = new Map<Side, SSMClient>();

function client(side: Side): SSMClient {
  const known = clients.get(side) ?? new SSMClient(side.settings);
  clients.set(side, known);
  return known;
}

const content = {
  schemaVersion: '2.2',
  parameters: { Image: { type: 'String', allowedPattern: '^[a-z]+$' } },
  mainSteps: [{ name: 'Run', action: 'aws:runShellScript', inputs: { runCommand: ['true {{ Image }}'] } }],
};

export async function prepareSsm(side: Side): Promise<void> {
  const service = side.host?.services.find(({ signingName }) => signingName === 'ssm');
  if (side.host && service) {
    const { ref } = await side.host.declare(service, 'AWS::SSM::Document', 'Replace', {
      Content: content,
      DocumentType: 'Command',
      Name: 'replace',
    });
    side.memory.set('document', ref);
    await service.start?.();
    const { InstanceInformationList = [] } = await client(side).send(new DescribeInstanceInformationCommand({}));
    const ResourceId = InstanceInformationList[0]?.InstanceId;
    const Tags = [{ Key: 'role', Value: 'web' }];
    await client(side).send(new AddTagsToResourceCommand({ ResourceType: 'ManagedInstance', ResourceId, Tags }));
    side.memory.set('instance', ResourceId ?? '');
    return;
  }
  const document = { Name: 'replace', Content: JSON.stringify(content), DocumentType: 'Command' } as const;
  await client(side).send(new CreateDocumentCommand(document));
}

const unchecked = 'moto does not look';
const silent = 'Systems Manager names the error without a text';
const noServers = 'moto has no servers that are not of EC2';

async function send(side: Side, over: Partial<SendCommandCommandInput> = {}): Promise<object> {
  const { Command } = await client(side).send(
    new SendCommandCommand({
      DocumentName: 'replace',
      Targets: [{ Key: 'tag:role', Values: ['nobody'] }],
      Parameters: { Image: ['busybox'] },
      Comment: 'Slipway: web',
      MaxConcurrency: '1',
      MaxErrors: '0',
      ...over,
    }),
  );
  side.memory.set('command', Command?.CommandId ?? '');
  const { DocumentName, Parameters, Comment, TargetCount } = Command ?? {};
  return {
    DocumentName,
    Parameters,
    Comment,
    TargetCount,
    id: typeof Command?.CommandId,
    status: typeof Command?.Status,
  };
}
const none = '11111111-1111-4111-8111-111111111111';

export const ssmCases: Case[] = [
  { name: 'SendCommand', call: (side) => send(side) },
  {
    name: 'ListCommands',
    async call(side) {
      const command = { CommandId: side.memory.get('command') };
      const { Commands = [] } = await client(side).send(new ListCommandsCommand(command));
      return { found: Commands.length, document: Commands[0]?.DocumentName, servers: Commands[0]?.TargetCount };
    },
  },
  {
    name: 'ListCommands of one that is not there',
    because: silent,
    call: (side) => client(side).send(new ListCommandsCommand({ CommandId: none })),
  },
  {
    name: 'ListCommandInvocations of a command for no server',
    because: 'moto fails with a 500',
    call: (side) => client(side).send(new ListCommandInvocationsCommand({ CommandId: side.memory.get('command') })),
  },
  {
    name: 'GetCommandInvocation of a server that had none',
    because: silent,
    call: (side) =>
      client(side).send(
        new GetCommandInvocationCommand({ CommandId: side.memory.get('command'), InstanceId: 'mi-0123456789abcdef0' }),
      ),
  },
  {
    name: 'GetCommandInvocation of a command that is not there',
    because: silent,
    call: (side) =>
      client(side).send(new GetCommandInvocationCommand({ CommandId: none, InstanceId: 'mi-0123456789abcdef0' })),
  },
  {
    name: 'SendCommand to the server with a tag',
    because: noServers,
    call: (side) => send(side, { Targets: [{ Key: 'tag:role', Values: ['web'] }] }),
  },
  {
    name: 'SendCommand of a document that is not there',
    because: unchecked,
    call: (side) => send(side, { DocumentName: 'none' }),
  },
  {
    name: 'SendCommand with a parameter that the document refuses',
    because: unchecked,
    call: (side) => send(side, { Parameters: { Image: ['a b'] } }),
  },
  { name: 'SendCommand without a parameter', because: unchecked, call: (side) => send(side, { Parameters: {} }) },
];
