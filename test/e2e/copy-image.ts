/** An image's place in a registry on this machine, and who may write there. */
export interface ImageLocation {
  /** `localhost:4600` */
  host: string;
  repository: string;
  /** A tag or a digest. */
  version: string;
  /** `user:password` */
  login?: string;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Copies an image as it is, by the calls of the Distribution specification. */
export async function copyImage(from: ImageLocation, to: ImageLocation): Promise<void> {
  const manifest = await read(from, `manifests/${from.version}`);
  const { config, layers } = JSON.parse(manifest.toString()) as { config: Blob; layers: Blob[] };
  for (const { digest } of [config, ...layers]) {
    const begun = await call(to, 'blobs/uploads/', { method: 'POST' });
    const upload = new URL(begun.headers.get('location') ?? '', `http://${to.host}`);
    upload.searchParams.set('digest', digest);
    await call(to, upload, { method: 'PUT', body: new Uint8Array(await read(from, `blobs/${digest}`)) });
  }
  const headers = { 'content-type': manifestType };
  await call(to, `manifests/${to.version}`, { method: 'PUT', headers, body: new Uint8Array(manifest) });
}

/** The digest that a tag names. */
export async function digestOf(image: ImageLocation): Promise<string> {
  const answer = await call(image, `manifests/${image.version}`, { method: 'HEAD', headers: { accept: manifestType } });
  return answer.headers.get('docker-content-digest') ?? '';
}

interface Blob {
  digest: string;
}

async function read(image: ImageLocation, path: string): Promise<Buffer> {
  return Buffer.from(await (await call(image, path, { headers: { accept: manifestType } })).arrayBuffer());
}

async function call(
  { host, repository, login }: ImageLocation,
  path: string | URL,
  init: RequestInit,
): Promise<Response> {
  const address = path instanceof URL ? path : new URL(`http://${host}/v2/${repository}/${path}`);
  const authorization = login && `Basic ${Buffer.from(login).toString('base64')}`;
  const headers = { ...init.headers, ...(authorization ? { authorization } : {}) };
  const answer = await fetch(address, { ...init, headers });
  if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${address} answered ${answer.status}.`);
  return answer;
}
