import { requiredStatements, type StatementName } from '../core/signing/statement.ts';
import type { SignatureReader } from './readers.ts';

/** What the key proves of a release; undefined if it cannot be checked at the moment. */
export interface Verified {
  proven: StatementName[];
  missing: StatementName[];
}

/** Checks what was signed at the release with the public key. The code for it is loaded at the first request: few ask. */
export async function verifyRelease(
  signatures: SignatureReader,
  { digest, build }: { digest: string; build: string },
  publicKey: string,
): Promise<Verified> {
  const [{ verify }, ...bundles] = await Promise.all([
    import('../core/signing/verification.ts'),
    ...requiredStatements.map((name) => signatures.read(build, name)),
  ]);
  const known = bundles
    .filter((bundle) => bundle !== undefined)
    .map((bundle): unknown => JSON.parse(bundle.toString()));
  const { proven, missing } = verify(digest, known, publicKey);
  return { proven, missing };
}
