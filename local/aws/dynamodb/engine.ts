import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestListener, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { AbstractKeyIterator, AbstractValueIterator } from 'abstract-level';
import dynalite from 'dynalite';
import { z } from 'zod';
import { AwsError } from '../service.ts';

/** DynamoDB's calls, by name and in the shapes of its API. */
export interface DynamoDbEngine {
  /** @throws AwsError what DynamoDB answers */
  call(action: string, input: object): Promise<Record<string, unknown>>;
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  stop(): Promise<void>;
}

const errorSchema = z.looseObject({
  __type: z.string(),
  message: z.string().optional(),
  Message: z.string().optional(),
});
const outputSchema = z.record(z.string(), z.unknown());

/**
 * dynalite 4 ends its reads by `return()`, which the iterators of abstract-level 3 do not have. So each would stay open, and LevelDB keep for
 * it the written data that was in memory then, for ever. https://github.com/Level/abstract-level#iteratorclose
 */
function end(this: { close(): Promise<void> }) {
  return this.close();
}
for (const { prototype } of [AbstractKeyIterator, AbstractValueIterator]) Object.assign(prototype, { return: end });

/**
 * Starts dynalite over a folder. It listens on a port of the loopback interface, which every process on the machine could reach
 * (a build, too), so it answers only clients that know a secret made at each start.
 */
export async function startDynamoDbEngine(folder: string): Promise<DynamoDbEngine> {
  const secret = randomBytes(32).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${secret}/20130101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0`;
  const server = dynalite({ path: folder, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const [serve] = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request').on('request', (incoming: IncomingMessage, response) => {
    if (incoming.headers.authorization === authorization) serve?.(incoming, response);
    else response.writeHead(403).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const agent = new Agent({ keepAlive: true });

  const calls = new Set<Promise<unknown>>();
  const send = async (action: string, input: object) => {
    const body = JSON.stringify(input);
    const outgoing = request({
      agent,
      port,
      host: '127.0.0.1',
      method: 'POST',
      headers: {
        authorization,
        'x-amz-date': '20130101T000000Z',
        'x-amz-target': `DynamoDB_20120810.${action}`,
        'content-type': 'application/x-amz-json-1.0',
        'content-length': Buffer.byteLength(body),
      },
    });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const answer: unknown = JSON.parse(await text(response));
    if (response.statusCode === 200) return outputSchema.parse(answer);
    const { __type, message, Message } = errorSchema.parse(answer);
    throw new AwsError(__type.slice(__type.indexOf('#') + 1), message ?? Message ?? '', response.statusCode);
  };

  return {
    port,
    call(action, input) {
      const call = send(action, input).finally(() => calls.delete(call));
      calls.add(call);
      return call;
    },
    async stop() {
      // dynalite lets the process fall over a request that breaks off.
      await Promise.allSettled(calls);
      agent.destroy();
      const closed = Promise.withResolvers<void>();
      server.close((error) => (error ? closed.reject(error) : closed.resolve()));
      server.closeAllConnections();
      await closed.promise;
    },
  };
}
