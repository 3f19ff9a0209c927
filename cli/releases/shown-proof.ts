import { describeCause, describeCounts } from '../../core/builds/describe-build.ts';
import type { StatementName } from '../../core/signing/statement.ts';
import type { Verification } from '../../core/signing/verification.ts';
import { oneLine } from '../../core/text/one-line.ts';

const what: Readonly<Record<StatementName, string>> = {
  signature: 'that it is a release',
  provenance: 'from what it was built',
  vulnerabilities: 'that it was scanned and passed the policy',
  cyclonedx: 'its SBOM (CycloneDX)',
  spdx: 'its SBOM (SPDX)',
};

/** What is proven of an image, one fact on each line. */
export function proofOf(image: string, verification: Verification): string {
  const { verified, missing, ignored } = verification;
  const head = verified ? `${image} is signed by this key.` : `${image} is NOT proven to be a release.`;
  const facts: [string, string][] = [
    ...missing.map((name): [string, string] => ['not proven', what[name]]),
    ...(ignored > 0 ? [['ignored', `${ignored} signed by other keys, or unreadable`] as [string, string]] : []),
    ...provenanceFacts(verification),
    ...scanFacts(verification),
    ...sbomFacts(verification),
  ];
  return `${head}\n${facts.map(([name, text]) => `  ${name.padEnd(12)}${oneLine(text, 500)}\n`).join('')}`;
}

function provenanceFacts({ provenance }: Verification): [string, string][] {
  if (!provenance) return [];
  const { externalParameters, internalParameters, resolvedDependencies } = provenance.buildDefinition;
  const { builder, metadata } = provenance.runDetails;
  const [source, ...bases] = resolvedDependencies;
  return [
    ['project', externalParameters.project],
    ['source', `${externalParameters.source.uri.replace(/^git\+/, '')} ${externalParameters.source.ref}`],
    ['commit', source?.digest.gitCommit ?? 'unknown'],
    ...bases.map(({ uri }): [string, string] => ['base', uri]),
    ['builder', builder.id],
    ['build', metadata.invocationId],
    ['cause', describeCause(internalParameters.cause)],
    ['built', `${metadata.startedOn} to ${metadata.finishedOn ?? 'unknown'}`],
  ];
}

function scanFacts({ scan }: Verification): [string, string][] {
  if (!scan) return [];
  const { verdict } = scan.scanner.result;
  const accepted = verdict.accepted === undefined ? '' : `, ${verdict.accepted} accepted by the index`;
  return [
    ['verdict', `${verdict.outcome}: ${describeCounts(verdict.counts)}${accepted}`],
    ['scanned', scan.metadata.scanFinishedOn],
  ];
}

function sbomFacts({ proven }: Verification): [string, string][] {
  const formats = { cyclonedx: 'CycloneDX', spdx: 'SPDX' } as const;
  const signed = (['cyclonedx', 'spdx'] as const).filter((name) => proven.includes(name));
  return signed.length > 0 ? [['SBOM', signed.map((name) => formats[name]).join(', ')]] : [];
}
