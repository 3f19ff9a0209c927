import { createPublicKey, verify } from 'node:crypto';

interface Descriptor {
  digest: string;
  artifactType?: string;
  annotations?: Record<string, string>;
}

interface Bundle {
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
}

export interface Statement {
  subject: { digest: { sha256: string } }[];
  predicateType: string;
  predicate: unknown;
}

/** What a key signed of an image, by the type of the statement: as anybody verifies it who has the registry and the key, and nothing else. */
export async function signedStatements(url: string, repository: string, digest: string, pem: string) {
  const get = async (path: string) => Buffer.from(await (await fetch(`${url}/v2/${repository}/${path}`)).arrayBuffer());
  const read = async <Value>(path: string): Promise<Value> => JSON.parse((await get(path)).toString()) as Value;
  const key = createPublicKey(pem);
  const { manifests } = await read<{ manifests: Descriptor[] }>(`referrers/${digest}`);
  const statements = new Map<string, Statement[]>();
  for (const { digest: manifest, artifactType, annotations } of manifests) {
    if (artifactType !== 'application/vnd.dev.sigstore.bundle.v0.3+json') continue;
    const { layers } = await read<{ layers: Descriptor[] }>(`manifests/${manifest}`);
    const bytes = await get(`blobs/${layers[0]?.digest}`);
    const { payload, payloadType, signatures } = (JSON.parse(bytes.toString()) as Bundle).dsseEnvelope;
    const content = Buffer.from(payload, 'base64');
    const encoding = Buffer.concat([
      Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${content.length} `),
      content,
    ]);
    if (!verify('sha256', encoding, key, Buffer.from(signatures[0]?.sig ?? '', 'base64'))) continue;
    const statement = JSON.parse(content.toString()) as Statement;
    if (statement.subject[0]?.digest.sha256 !== digest.replace('sha256:', '')) continue;
    if (annotations?.['dev.sigstore.bundle.predicateType'] !== statement.predicateType) continue;
    statements.set(statement.predicateType, [...(statements.get(statement.predicateType) ?? []), statement]);
  }
  return statements;
}
