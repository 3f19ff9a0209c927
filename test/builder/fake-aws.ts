import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { type BuildCredentials, credentialsRequestSchema } from '../../core/model/builder-contract.ts';

/** A candidate's tag is its build's id: a test whose builds are based on it chooses the id. */
const questionSchema = credentialsRequestSchema.extend({ build: z.string() });
const secretSchema = z.object({ SecretId: z.string() });
type Question = z.infer<typeof questionSchema>;

/** The keys of the build's own session. */
export const sessionKeys = {
  accessKeyId: 'ASIAABCDEFGHIJKLMNOP',
  secretAccessKey: 'the-secret-key-of-the-session',
  sessionToken: 'the-token-of-the-session',
};

export interface FakeAws extends AsyncDisposable {
  /** For `AWS_ENDPOINT_URL`. */
  readonly url: string;
  /** S3's objects: `/<bucket>/<key>` to text. */
  readonly objects: Map<string, string>;
  /** The values of Secrets Manager, by their names. */
  readonly secrets: Map<string, string>;
  /** The logins to other registries that builds are given. */
  logins: Record<string, { user: string; password: string }>;
  /** Is called for every object that is put. */
  onPut: (key: string) => void;
  /** Keys whose objects S3 does not take. */
  denied: RegExp | undefined;
  /** What the builder asked `build-credentials`, and what it is answered. */
  readonly questions: Question[];
  answer: (question: Question) => BuildCredentials;
}

/** The calls that the builder makes of AWS: S3's GetObject and PutObject, ECR's GetAuthorizationToken, GetSecretValue, and of Lambda `build-credentials`. */
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
    } else if (request.headers['x-amz-target']?.toString().endsWith('.GetSecretValue')) {
      const { SecretId } = secretSchema.parse(JSON.parse(Buffer.concat(chunks).toString()));
      const value = aws.secrets.get(SecretId);
      response.writeHead(value === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(
        JSON.stringify(value === undefined ? { __type: 'ResourceNotFoundException' } : { SecretString: value }),
      );
    } else if (pathname.endsWith('/invocations')) {
      const question = questionSchema.safeParse(JSON.parse(Buffer.concat(chunks).toString()));
      if (!question.success) return response.writeHead(400).end(question.error.message);
      aws.questions.push(question.data);
      response.end(JSON.stringify(aws.answer(question.data)));
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
    secrets: new Map(),
    logins: {},
    onPut: () => undefined,
    denied: undefined,
    questions: [],
    answer: ({ bases }) => ({
      outcome: 'granted',
      ...sessionKeys,
      expiration: new Date(Date.now() + 3_600_000).toISOString(),
      bases,
      logins: aws.logins,
      withheld: [],
    }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return aws;
}
