import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  type CreateTableCommandInput,
  DynamoDBClient,
  DynamoDBServiceException,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { z } from 'zod';

/** dynalite wants to see a signature, and believes any. */
const signature = {
  authorization: 'AWS4-HMAC-SHA256 Credential=test/x, SignedHeaders=host, Signature=0',
  'x-amz-date': '20130101T000000Z',
};
const describedSchema = z.object({ Table: z.object({ TableStatus: z.string() }) });

interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body: Buffer;
}

export interface InMemoryDynamoDb {
  /** Talks to it without a network, which would take longer than what is requested. */
  client: DynamoDBClient;
  answer(headers: IncomingHttpHeaders, body: Buffer): Promise<Answer>;
}

/** A DynamoDB in this process. A table is made when it is first used, as most tests use few of them. */
export function createInMemoryDynamoDb(tables: CreateTableCommandInput[]): InMemoryDynamoDb {
  const server = dynalite({ createTableMs: 0 });

  function call(action: string, body: Buffer): Promise<Answer> {
    return new Promise((resolve) => {
      const headers = {
        ...signature,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${action}`,
      };
      const incoming = Object.assign(new EventEmitter(), { method: 'POST', url: '/', headers });
      const answered: Record<string, string> = {};
      const outgoing = {
        statusCode: 200,
        setHeader(name: string, value: unknown) {
          answered[name.toLowerCase()] = String(value);
        },
        end(text: string) {
          resolve({ statusCode: outgoing.statusCode, headers: answered, body: Buffer.from(text) });
        },
      };
      server.emit('request', incoming, outgoing);
      incoming.emit('data', body);
      incoming.emit('end');
    });
  }

  async function make(table: CreateTableCommandInput): Promise<void> {
    await call('CreateTable', Buffer.from(JSON.stringify(table)));
    const question = Buffer.from(JSON.stringify({ TableName: table.TableName }));
    for (let status = ''; status !== 'ACTIVE'; await setImmediate()) {
      const { body } = await call('DescribeTable', question);
      status = describedSchema.parse(JSON.parse(body.toString())).Table.TableStatus;
    }
  }

  const made = new Map<CreateTableCommandInput, Promise<void>>();
  async function makeTablesOf(request: string): Promise<void> {
    for (const table of tables) {
      if (!request.includes(`"${table.TableName}"`)) continue;
      const making = made.get(table) ?? make(table);
      made.set(table, making);
      await making;
    }
  }

  async function act(action: string, body: Buffer): Promise<Answer> {
    await makeTablesOf(body.toString());
    return call(action, body);
  }

  function answer(headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
    const [, action = ''] = String(headers['x-amz-target']).split('.');
    return act(action, body);
  }

  const client = new DynamoDBClient({
    endpoint: 'http://dynamodb.in-memory',
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  // What the SDK does between an input and its request, and between an answer and its output, takes longer than what is asked for: both
  // are the same JSON.
  const { middlewareStack } = client;
  for (const each of middlewareStack.identify()) middlewareStack.remove(each.split(' ')[0] ?? '');
  middlewareStack.add((next) => next, { name: 'serializerMiddleware', step: 'serialize' });
  middlewareStack.add(
    (_, { commandName = '' }) =>
      async ({ input }) => {
        const action = commandName.replace(/Command$/, '');
        const { statusCode, body } = await act(action, Buffer.from(JSON.stringify(input, withText)));
        const output = JSON.parse(body.toString(), withBytes);
        if (statusCode !== 200) throw exceptionOf(output);
        return { output: { $metadata: {}, ...output }, response: undefined };
      },
    { name: 'deserializerMiddleware', step: 'deserialize' },
  );
  return { client, answer };
}

/** Bytes are Base64 in the JSON of a request. A Buffer is something else already where its value is asked for. */
function withText(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const bytes = this[key];
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('base64') : value;
}

/** An attribute of bytes is `{"B": "…"}`. */
function withBytes(key: string, value: unknown): unknown {
  return key === 'B' && typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : value;
}

function exceptionOf({ __type, message }: { __type: string; message: string }): DynamoDBServiceException {
  const name = __type.replace(/^.*#/, '');
  const about = { name, message, $fault: 'client' as const, $metadata: {} };
  return name === ConditionalCheckFailedException.name
    ? new ConditionalCheckFailedException(about)
    : new DynamoDBServiceException(about);
}
