import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface FakeRegistry extends AsyncDisposable {
  /** `localhost:<port>` */
  readonly host: string;
  readonly url: string;
  /** `<method> <path>` of every request, and whether it carried credentials. */
  readonly requests: { line: string; authorized: boolean }[];
  /** Puts an image in without a client: a manifest and its blobs. */
  put(repository: string, tag: string, manifest: object, blobs?: Buffer[]): string;
  manifest(repository: string, reference: string): { digest: string; body: unknown; type: string } | undefined;
  tags(repository: string): string[];
  blob(digest: string): unknown;
}

export interface FakeRegistryOptions {
  /** Only `AWS:<password>` may push and pull, as with ECR. */
  password?: string;
  /** Anonymous clients need a token from `/token`, as with Docker Hub. */
  bearer?: boolean;
  /** Answers of the registry to a `PUT` of a manifest, instead of taking it. */
  refuseManifests?: { status: number; code: string };
}

const digestOf = (body: Buffer) => `sha256:${createHash('sha256').update(body).digest('hex')}`;

/** Puts an image of these archives into a registry; gives its digest. */
export function putImage(registry: FakeRegistry, repository: string, tag: string, archives: readonly Buffer[]): string {
  const layers = archives.map((archive) => gzipSync(archive));
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: archives.map(digestOf) },
      // Buildah builds on no image whose history lacks a layer.
      history: archives.map(() => ({ created_by: 'ADD archive.tar /' })),
    }),
  );
  const part = (mediaType: string, blob: Buffer) => ({ mediaType, digest: digestOf(blob), size: blob.length });
  const oci = 'application/vnd.oci.image';
  const manifest = {
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: part(`${oci}.config.v1+json`, config),
    layers: layers.map((layer) => part(`${oci}.layer.v1.tar+gzip`, layer)),
  };
  return registry.put(repository, tag, manifest, [config, ...layers]);
}

/** As much of the distribution specification as `buildah`, `skopeo` and BuildKit need to pull and to push, in memory. */
export async function startFakeRegistry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, { body: Buffer; type: string; digest: string }>();
  const uploads = new Map<string, Buffer[]>();
  const requests: FakeRegistry['requests'] = [];

  function store(repository: string, reference: string, body: Buffer, type: string): string {
    const digest = digestOf(body);
    for (const key of [reference, digest]) manifests.set(`${repository}@${key}`, { body, type, digest });
    return digest;
  }

  function refusal(request: IncomingMessage): string | undefined {
    const { authorization } = request.headers;
    if (options.password !== undefined) {
      const basic = `Basic ${Buffer.from(`AWS:${options.password}`).toString('base64')}`;
      return authorization === basic ? undefined : 'Basic realm="registry"';
    }
    if (options.bearer && authorization !== 'Bearer a-token') {
      return `Bearer realm="http://${request.headers.host}/token",service="small",scope="repository:any:pull"`;
    }
    return undefined;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://registry');
    const { authorization } = request.headers;
    requests.push({ line: `${request.method} ${url.pathname}`, authorized: authorization !== undefined });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const error = (status: number, code: string) => {
      const text = JSON.stringify({ errors: [{ code, message: code }] });
      response.writeHead(status, { 'content-type': 'application/json' }).end(request.method === 'HEAD' ? '' : text);
    };

    if (url.pathname === '/token') {
      response.end(JSON.stringify({ token: 'a-token' }));
      return;
    }
    const challenge = refusal(request);
    if (challenge) {
      response.setHeader('www-authenticate', challenge);
      error(401, 'UNAUTHORIZED');
      return;
    }
    if (url.pathname === '/v2/') {
      response.end('{}');
      return;
    }
    const [, repository = '', kind, name = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === 'manifests') {
      if (request.method === 'PUT') {
        if (options.refuseManifests) {
          error(options.refuseManifests.status, options.refuseManifests.code);
          return;
        }
        const digest = store(repository, name, body, request.headers['content-type'] ?? '');
        response.writeHead(201, { 'docker-content-digest': digest, location: url.pathname }).end();
        return;
      }
      const found = manifests.get(`${repository}@${name}`);
      if (!found) {
        error(404, 'MANIFEST_UNKNOWN');
        return;
      }
      response.writeHead(200, {
        'content-type': found.type,
        'docker-content-digest': found.digest,
        'content-length': found.body.length,
      });
      response.end(request.method === 'HEAD' ? undefined : found.body);
      return;
    }
    if (kind === 'blobs' && name.startsWith('uploads/')) {
      const id = name.slice('uploads/'.length) || randomUUID();
      const parts = uploads.get(id) ?? [];
      uploads.set(id, parts);
      parts.push(body);
      const location = `/v2/${repository}/blobs/uploads/${id}`;
      if (request.method === 'PUT' || url.searchParams.has('digest')) {
        const whole = Buffer.concat(parts);
        uploads.delete(id);
        blobs.set(digestOf(whole), whole);
        response.writeHead(201, {
          location: `/v2/${repository}/blobs/${digestOf(whole)}`,
          'docker-content-digest': digestOf(whole),
        });
        response.end();
        return;
      }
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      response.writeHead(202, { location, range: `0-${Math.max(0, length - 1)}` }).end();
      return;
    }
    const blob = blobs.get(name);
    if (!blob) {
      error(404, 'BLOB_UNKNOWN');
      return;
    }
    response.writeHead(200, { 'content-length': blob.length, 'docker-content-digest': name });
    response.end(request.method === 'HEAD' ? undefined : blob);
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    requests,
    put(repository, tag, manifest, content = []) {
      for (const blob of content) blobs.set(digestOf(blob), blob);
      const type = 'mediaType' in manifest ? String(manifest.mediaType) : 'application/vnd.oci.image.manifest.v1+json';
      return store(repository, tag, Buffer.from(JSON.stringify(manifest)), type);
    },
    manifest(repository, reference) {
      const found = manifests.get(`${repository}@${reference}`);
      return found && { digest: found.digest, type: found.type, body: JSON.parse(found.body.toString()) };
    },
    blob: (digest) => JSON.parse(blobs.get(digest)?.toString() ?? 'null'),
    tags: (repository) =>
      [...manifests.keys()]
        .filter((key) => key.startsWith(`${repository}@`))
        .map((key) => key.slice(repository.length + 1))
        .filter((key) => !key.startsWith('sha256:')),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
