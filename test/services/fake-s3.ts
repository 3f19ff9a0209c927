import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';

export interface FakeS3 extends AsyncDisposable {
  client: S3Client;
  /** By key. */
  objects: Map<string, Buffer>;
  /** The keys that were read. */
  reads: string[];
}

/** S3's ListObjectsV2, in pages of three keys, and GetObject with ranges. */
export async function startFakeS3(): Promise<FakeS3> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://s3');
    const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
    if (url.searchParams.get('list-type') === '2') {
      const after = url.searchParams.get('continuation-token') ?? '';
      const keys = [...s3.objects.keys()]
        .filter((key) => key.startsWith(url.searchParams.get('prefix') ?? '') && key > after)
        .sort();
      const shown = keys.slice(0, 3);
      const contents = shown.map(
        (key) => `<Contents><Key>${key}</Key><Size>${s3.objects.get(key)?.length}</Size></Contents>`,
      );
      const more =
        keys.length > 3
          ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${shown.at(-1)}</NextContinuationToken>`
          : '<IsTruncated>false</IsTruncated>';
      response.setHeader('content-type', 'application/xml');
      response.end(`<ListBucketResult>${contents.join('')}${more}</ListBucketResult>`);
      return;
    }
    s3.reads.push(key);
    const body = s3.objects.get(key) ?? Buffer.alloc(0);
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    response.writeHead(first ? 206 : 200).end(first ? body.subarray(Number(first), Number(last) + 1) : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new S3Client({
    endpoint,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'k', secretAccessKey: 's' },
  });
  const s3: FakeS3 = {
    client,
    objects: new Map(),
    reads: [],
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return s3;
}
