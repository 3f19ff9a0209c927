import { verifiedStatement } from './bundle.ts';
import { type Provenance, provenanceSchema } from './provenance.ts';
import { requiredStatements, type Statement, type StatementName, statementNames, statements } from './statement.ts';
import { type VulnerabilityScan, vulnerabilityScanSchema } from './vulnerability-scan.ts';

/** What a key proves about an image. */
export interface Verification {
  /** The image is signed, and its origin and its scan are attested. */
  verified: boolean;
  proven: StatementName[];
  missing: StatementName[];
  /** Of the last build, where several made the same image. */
  provenance: Provenance | undefined;
  scan: VulnerabilityScan | undefined;
  /** Signatures of other keys, and statements on other images: they prove nothing here. */
  ignored: number;
}

/** Checks the bundles beside an image with a public key. */
export function verify(digest: string, bundles: readonly unknown[], publicKey: string): Verification {
  const signed = bundles
    .map((bundle) => verifiedStatement(bundle, publicKey))
    .filter((statement) => statement !== undefined && isOn(digest, statement));
  const predicatesOf = (name: StatementName) =>
    signed.flatMap((each) => (each?.predicateType === statements[name].predicateType ? [each.predicate] : []));
  const provenances = predicatesOf('provenance').flatMap((each) => provenanceSchema.safeParse(each).data ?? []);
  const scans = predicatesOf('vulnerabilities').flatMap((each) => vulnerabilityScanSchema.safeParse(each).data ?? []);
  const provenance = latest(provenances, ({ runDetails }) => runDetails.metadata.startedOn);
  const scan = latest(scans, ({ metadata }) => metadata.scanStartedOn);

  const isReadable: Partial<Record<StatementName, boolean>> = {
    provenance: provenance !== undefined,
    vulnerabilities: scan !== undefined,
  };
  const proven = statementNames.filter((name) => isReadable[name] ?? predicatesOf(name).length > 0);
  const missing = requiredStatements.filter((name) => !proven.includes(name));
  return { verified: missing.length === 0, proven, missing, provenance, scan, ignored: bundles.length - signed.length };
}

function isOn(digest: string, { subject }: Statement): boolean {
  const [algorithm = '', hex] = digest.split(':');
  return subject.some((each) => each.digest[algorithm] === hex);
}

function latest<Each>(all: Each[], time: (each: Each) => string): Each | undefined {
  return all.toSorted((one, other) => (time(one) < time(other) ? 1 : -1))[0];
}
