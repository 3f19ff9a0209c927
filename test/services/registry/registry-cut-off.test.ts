import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ECRClient } from '@aws-sdk/client-ecr';
import { expect, it } from 'vitest';
import { UpstreamError } from '../../../core/model/errors.ts';
import { openRegistry } from '../../../services/registry/registry.ts';

it('a connection that the registry cuts is an error that the state machine tries again', async () => {
  const server = createServer((request) => void request.socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const proxyEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answer = { authorizationData: [{ authorizationToken: 'QVdTOng=', proxyEndpoint }] };
    const registry = await openRegistry({ send: async () => answer } as unknown as ECRClient);
    await expect(registry.digestOf('demo/app', 'latest')).rejects.toThrow(UpstreamError);
  } finally {
    server.close();
  }
});
