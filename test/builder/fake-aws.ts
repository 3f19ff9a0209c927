import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeAws extends AsyncDisposable {
  /** For `AWS_ENDPOINT_URL`. */
  readonly url: string;
  /** S3's objects: `/<bucket>/<key>` to text. */
  readonly objects: Map<string, string>;
  /** Is called for every object that is put. */
  onPut: (key: string) => void;
  /** Keys whose objects S3 does not take. */
  denied: RegExp | undefined;
}

/** The three calls that the builder makes of AWS: S3's GetObject and PutObject, ECR's GetAuthorizationToken. */
export async function startFakeAws(registry: { url: string; password: string }): Promise<FakeAws> {
  const objects = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://aws');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.headers['x-amz-target']?.toString().endsWith('.GetAuthorizationToken')) {
      const authorizationToken = Buffer.from(`AWS:${registry.password}`).toString('base64');
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify({ authorizationData: [{ authorizationToken, proxyEndpoint: registry.url }] }));
    } else if (request.method === 'PUT' && aws.denied?.test(pathname)) {
      response.writeHead(403, { 'content-type': 'application/xml' });
      response.end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
    } else if (request.method === 'PUT') {
      objects.set(pathname, Buffer.concat(chunks).toString());
      response.end();
      aws.onPut(pathname);
    } else if (objects.has(pathname)) {
      response.end(objects.get(pathname));
    } else {
      response.writeHead(404, { 'content-type': 'application/xml' });
      response.end('<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const aws: FakeAws = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    onPut: () => undefined,
    denied: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return aws;
}
