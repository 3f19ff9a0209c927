import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { imageType, manifestOf, sha256 } from './image-parts.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** The code of the first error. */
  error: string | undefined;
  message: string | undefined;
}

export interface Call {
  headers?: Record<string, string | number>;
  body?: Buffer | string;
}

/** Speaks plain HTTP with the registry, so that nothing between hides what it says. */
export function createClient(url: string, authorization: string | undefined) {
  const call = (method: string, path: string, { headers = {}, body }: Call = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const login = authorization === undefined ? {} : { authorization };
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const sent = request(new URL(path, url), { method, headers: { ...login, ...length, ...headers }, agent: false });
      sent.on('response', (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(chunks);
          const isJson = response.headers['content-type'] === 'application/json' && answer.length > 0;
          const [error] = isJson ? (JSON.parse(answer.toString()).errors ?? []) : [];
          const status = response.statusCode ?? 0;
          resolve({ status, headers: response.headers, body: answer, error: error?.code, message: error?.message });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });

  const pushBlob = async (repository: string, content: Buffer): Promise<Answer> =>
    call('POST', `/v2/${repository}/blobs/uploads/?digest=${sha256(content)}`, { body: content });

  const putManifest = (repository: string, reference: string, manifest: Buffer | string, type = imageType) =>
    call('PUT', `/v2/${repository}/manifests/${reference}`, { body: manifest, headers: { 'content-type': type } });

  return {
    call,
    pushBlob,
    putManifest,
    /** Pushes an image with its layers, and says its digest. */
    async pushImage(repository: string, tag: string, layers: Buffer[], config = Buffer.from('{}')): Promise<string> {
      for (const blob of [config, ...layers]) await pushBlob(repository, blob);
      const manifest = manifestOf(config, layers);
      const answer = await putManifest(repository, tag, manifest);
      if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body}`);
      return sha256(manifest);
    },
  };
}

export type RegistryClient = ReturnType<typeof createClient>;
