import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import type { Registry } from '../../services/registry/registry-client.ts';

interface Image {
  registry: Registry;
  repository: string;
  tag: string;
  labels: Record<string, string>;
  /** The size of its own layer. */
  bytes: number;
}

const files = {
  'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
  'var/lib/dpkg/status':
    'Package: base-files\nStatus: install ok installed\nArchitecture: all\nVersion: 12.4+deb12u5\nSource: base-files\n',
};

const blockSize = 512;

/** The packages that a scanner knows. */
const distribution = layer(files);

interface Layer {
  bytes: Buffer;
  diffId: string;
}

/** Pushes an image of a small Debian, with labels that make it this build's own; gives its digest. */
export async function pushImage({ registry, repository, tag, labels, bytes }: Image): Promise<string> {
  const layers = [distribution, ...(bytes > 0 ? [layer({ data: '0'.repeat(bytes) })] : [])];
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  );
  const { user = '', password = '' } = registry.credentials ?? {};
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const ask = (path: string, init: RequestInit) =>
    fetch(`${registry.url}/v2/${repository}/${path}`, { ...init, headers: { authorization, ...init.headers } });
  const demand = async (path: string, init: RequestInit) => {
    const answer = await ask(path, init);
    if (answer.status !== 201) throw new Error(`${init.method} ${path}: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  };

  for (const blob of [...layers.map((each) => each.bytes), config]) {
    const known = await ask(`blobs/${digestOf(blob)}`, { method: 'HEAD' });
    if (known.status === 200) continue;
    await demand(`blobs/uploads/?digest=${digestOf(blob)}`, { method: 'POST', body: new Uint8Array(blob) });
  }
  const descriptor = (mediaType: string, blob: Buffer) => ({ mediaType, digest: digestOf(blob), size: blob.length });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((each) => descriptor('application/vnd.oci.image.layer.v1.tar+gzip', each.bytes)),
    }),
  );
  await demand(`manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: new Uint8Array(manifest),
  });
  return digestOf(manifest);
}

function layer(contents: Record<string, string>): Layer {
  const archive = Buffer.concat([
    ...Object.entries(contents).flatMap(([path, text]) => {
      const header = new Header({ path, size: Buffer.byteLength(text), mode: 0o644, type: 'File', mtime: new Date(0) });
      header.encode();
      const padding = (blockSize - (Buffer.byteLength(text) % blockSize)) % blockSize;
      return [header.block ?? Buffer.alloc(blockSize), Buffer.from(text), Buffer.alloc(padding)];
    }),
    Buffer.alloc(2 * blockSize),
  ]);
  return { bytes: gzipSync(archive), diffId: digestOf(archive) };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
