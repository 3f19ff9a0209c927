import { EventEmitter, once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { AbstractKeyIterator, AbstractLevel, AbstractValueIterator } from 'abstract-level';
import dynalite from 'dynalite';
import { z } from 'zod';
import { AwsError } from '../service.ts';

/** DynamoDB's calls, by name and in the shapes of its API. */
export interface DynamoDbEngine {
  /** @throws AwsError what DynamoDB answers */
  call(action: string, input: object): Promise<Record<string, unknown>>;
  /** Whether the process that had the folder before stopped the engine, and was not killed in a write. */
  readonly wasStopped: boolean;
  /** Where dynalite listens, on 127.0.0.1, and refuses everybody. */
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
 * dynalite reads the table's definition and the item at each call. LevelDB has nearly always both in memory, and a thread of the pool costs ten
 * times what the read does.
 */
const { get } = AbstractLevel.prototype;
AbstractLevel.prototype.get = async function (this: AbstractLevel<never>, key: never) {
  return this.status === 'open' ? this.getSync(key) : get.call(this, key, {});
};

/**
 * Starts dynalite over a folder. It knows no other way in than a server's, which has to listen to be closed in order. Every process on the
 * machine could reach its port (a build, too), so nobody is answered there: calls go to its request listener directly, which also saves each a
 * connection, on whose two ends this process would be.
 */
export async function startDynamoDbEngine(folder: string): Promise<DynamoDbEngine> {
  const stopped = join(folder, 'stopped');
  const wasStopped = existsSync(stopped);
  if (wasStopped) rmSync(stopped);
  const server = dynalite({ path: folder, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const [serve] = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request').on('request', (_, response) => response.writeHead(403).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();

  const calls = new Set<Promise<unknown>>();
  const send = async (action: string, input: object) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const request = Object.assign(new EventEmitter(), { method: 'POST', url: '/', headers: headersOf(action) });
    const response = { statusCode: 200, setHeader: () => undefined, end: resolve };
    // The parts of a request and a response that dynalite uses.
    serve?.(request as never, response as never);
    request.emit('data', Buffer.from(JSON.stringify(input)));
    request.emit('end');
    const answer: unknown = JSON.parse(await promise);
    if (response.statusCode === 200) return outputSchema.parse(answer);
    const { __type, message, Message } = errorSchema.parse(answer);
    throw new AwsError(__type.slice(__type.indexOf('#') + 1), message ?? Message ?? '', response.statusCode);
  };

  return {
    wasStopped,
    port,
    call(action, input) {
      const call = send(action, input).finally(() => calls.delete(call));
      calls.add(call);
      return call;
    },
    async stop() {
      await Promise.allSettled(calls);
      const closed = Promise.withResolvers<void>();
      server.close((error) => (error ? closed.reject(error) : closed.resolve()));
      server.closeAllConnections();
      await closed.promise;
      // The folder may be gone meanwhile: then there is nothing to repair either.
      await writeFile(stopped, '').catch(() => undefined);
    },
  };
}

/** dynalite wants a signature, whatever it says: the endpoint has verified the caller's. */
const headersOf = (action: string) => ({
  authorization:
    'AWS4-HMAC-SHA256 Credential=any/20130101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
  'x-amz-date': '20130101T000000Z',
  'x-amz-target': `DynamoDB_20120810.${action}`,
  'content-type': 'application/x-amz-json-1.0',
});
