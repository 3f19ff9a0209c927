import * as z from 'zod';

/**
 * What the signed statements about a released image say, each with its type and the word that `cosign verify-attestation --type` has for
 * it. The first is the signature itself, as cosign 3 makes it: `cosign verify` looks for it.
 */
export const statements = {
  signature: { predicateType: 'https://sigstore.dev/cosign/sign/v1', cosignType: undefined },
  provenance: { predicateType: 'https://slsa.dev/provenance/v1', cosignType: 'slsaprovenance1' },
  vulnerabilities: { predicateType: 'https://cosign.sigstore.dev/attestation/vuln/v1', cosignType: 'vuln' },
  cyclonedx: { predicateType: 'https://cyclonedx.org/bom', cosignType: 'cyclonedx' },
  spdx: { predicateType: 'https://spdx.dev/Document', cosignType: 'spdxjson' },
} as const;

export type StatementName = keyof typeof statements;

export const statementNames = Object.keys(statements) as StatementName[];

/** Those that every signed image has; an SBOM is attested where there is one. */
export const requiredStatements = ['signature', 'provenance', 'vulnerabilities'] as const satisfies StatementName[];

/** https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md */
export const payloadType = 'application/vnd.in-toto+json';

const statementType = 'https://in-toto.io/Statement/v1';

/** An in-toto statement, as far as Slipway reads it. https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export const statementSchema = z.object({
  _type: z.enum([statementType, 'https://in-toto.io/Statement/v0.1']),
  subject: z.array(z.object({ name: z.string().optional(), digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
  predicate: z.unknown(),
});

export type Statement = z.infer<typeof statementSchema>;

/** The bytes of a statement on an image. They name its digest alone: the image is the same in whichever registry it is. */
export function statementOn(digest: string, name: StatementName, predicate: object): Buffer {
  const statement = {
    _type: statementType,
    subject: [{ digest: digestSet(digest) }],
    predicateType: statements[name].predicateType,
    predicate,
  };
  return Buffer.from(JSON.stringify(statement));
}

/** `sha256:…` as in-toto writes a digest. */
export function digestSet(digest: string): Record<string, string> {
  const [algorithm = '', hex = ''] = digest.split(':');
  return { [algorithm]: hex };
}
