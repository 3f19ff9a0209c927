import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { z } from 'zod';

/** dynalite wants to see a signature, and believes any. */
const signature = {
  authorization: 'AWS4-HMAC-SHA256 Credential=test/x, SignedHeaders=host, Signature=0',
  'x-amz-date': '20130101T000000Z',
};
/** What the SDK does for a network, a third of its work on a request. */
const network = [
  ...['contentLengthMiddleware', 'getUserAgentMiddleware', 'hostHeaderMiddleware', 'httpSigningMiddleware'],
  ...['loggerMiddleware', 'recursionDetectionMiddleware', 'retryMiddleware'],
];
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

  async function answer(headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
    await makeTablesOf(body.toString());
    const [, action = ''] = String(headers['x-amz-target']).split('.');
    return call(action, body);
  }

  const client = new DynamoDBClient({
    endpoint: 'http://dynamodb.in-memory',
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    signer: { sign: async (request) => request },
    requestHandler: {
      async handle({ headers, body }: { headers: IncomingHttpHeaders; body: Uint8Array }) {
        return { response: await answer(headers, Buffer.from(body.buffer, body.byteOffset, body.byteLength)) };
      },
    },
  });
  for (const each of network) client.middlewareStack.remove(each);
  return { client, answer };
}
