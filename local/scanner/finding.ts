/** ECR's severities, the worst first. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html */
export const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNDEFINED'] as const;

export type Severity = (typeof severities)[number];

/** A defect of one package, whichever scanner found it. */
export interface Finding {
  /** `CVE-2024-1234`, or the name that the source of the record has for it. */
  name: string;
  description: string | undefined;
  uri: string | undefined;
  severity: Severity;
  packageName: string;
  packageVersion: string;
  fixedVersion: string | undefined;
  cvss: { version: 2 | 3 | 4; score: number; vector: string } | undefined;
  /** The image's distribution in Inspector's word: `DEBIAN_12`. */
  platform?: string | undefined;
  /** For a package of a programming language: in Inspector's word, and where it is. */
  language?: { packageManager: string; path: string } | undefined;
}

/** The words that scanners and distributions have for a severity, as ECR's. */
export function severityOf(word: string): Severity {
  switch (word.trim().toUpperCase()) {
    case 'CRITICAL':
      return 'CRITICAL';
    case 'HIGH':
    case 'IMPORTANT':
      return 'HIGH';
    case 'MEDIUM':
    case 'MODERATE':
      return 'MEDIUM';
    case 'LOW':
    case 'MINOR':
      return 'LOW';
    case 'NEGLIGIBLE':
    case 'UNIMPORTANT':
    case 'NONE':
    case 'INFORMATIONAL':
      return 'INFORMATIONAL';
    default:
      return 'UNDEFINED';
  }
}

/** https://www.first.org/cvss/v3.1/specification-document#Qualitative-Severity-Rating-Scale */
export function severityOfScore(score: number): Severity {
  if (score >= 9) return 'CRITICAL';
  if (score >= 7) return 'HIGH';
  if (score >= 4) return 'MEDIUM';
  return score > 0 ? 'LOW' : 'INFORMATIONAL';
}
