import { type Finding, isFixable, type Scan, type Severity } from '../model/findings.ts';
import type { Policy, Response, UnscannableResponse } from '../model/policy.ts';
import type { ScannerName } from '../model/scanner-names.ts';
import type { FindingText } from '../scanners/finding-text.ts';
import { oneLine } from '../text/one-line.ts';
import type { Waivable } from './waivable.ts';
import type { Waiver } from './waivers.ts';

/** A reason against releasing a candidate. The sentence is a function because there may be thousands, of which only the first are shown. */
export interface Objection {
  /** What it causes unless it is waived: a block, a warning or, for a finding that the policy allows, nothing. */
  response: Response;
  /** The group that it is counted in. */
  kind: 'vulnerabilities' | 'waivers' | 'scan' | ScannerName;
  /** The worst has the largest. */
  weight: number;
  id: string;
  /** What a waiver may name. Absent where no waiver is possible: there was no scan, or no report lists the finding. */
  finding?: Waivable | undefined;
  /** What an exception would name. */
  exceptable?: { id: string; package?: string } | undefined;
  /** The number of unlisted findings that it represents. */
  unlisted?: number | undefined;
  /** @param ended the waiver that accepted it until it expired */
  sentence: (ended?: Waiver) => string;
  ended?: Waiver | undefined;
}

const maximumSentences = 50;
/** A hundred sentences of the widest characters still leave room for the rest of a build in DynamoDB's 400 KB. */
const longestSentence = 700;
const weights = { notScanned: 9, waiverEnds: 8 };
/** The number of findings of each scanner that are listed one by one if they only warn. */
const mostWarnings = 5;

/** On the scale of the severities, which weigh 1 to 5. */
export const scannerWeights: Readonly<Record<ScannerName, number>> = {
  'user-test': 6,
  capabilities: 4.5,
  'file-integrity': 3.5,
  'package-updates': 2.5,
  'language-updates': 2.4,
  'dockerfile-lint': 1.5,
  sbom: 1,
};

const describeScanners: Readonly<Record<ScannerName, string>> = {
  'package-updates': 'updates of packages',
  'language-updates': 'updates of language packages',
  capabilities: 'privileges that labels ask for',
  'file-integrity': 'changed files',
  'dockerfile-lint': 'Dockerfile lint warnings',
  'user-test': 'failed tests',
  sbom: 'about the SBOM',
};

/** The worst first. Ids are compared by code units: comparing ten thousand by a language's rules would take longer than all the rest. */
export function inOrder(objections: Objection[]): Objection[] {
  return objections.sort(
    (one, other) => other.weight - one.weight || (one.id === other.id ? 0 : one.id < other.id ? -1 : 1),
  );
}

/** The first few warnings of each scanner, and how many more there are. */
export function fewOfEachScanner(warnings: readonly Objection[]): Objection[] {
  const few: Objection[] = [];
  const listed = new Map<ScannerName, number>();
  const more = new Map<ScannerName, number>();
  for (const warning of warnings) {
    const { kind, finding, unlisted: count = 1 } = warning;
    const isCounted = isScanner(kind) && (finding !== undefined || warning.unlisted !== undefined);
    if (!isCounted) few.push(warning);
    else if (finding && (listed.get(kind) ?? 0) < mostWarnings) {
      listed.set(kind, (listed.get(kind) ?? 0) + 1);
      few.push(warning);
    } else more.set(kind, (more.get(kind) ?? 0) + count);
  }
  return [...few, ...[...more].map(([scanner, count]) => unlisted(scanner, count, 'warn'))];
}

function isScanner(kind: Objection['kind']): kind is ScannerName {
  return kind in scannerWeights;
}

/** As many sentences as a person reads, and one that counts the rest by kind. */
export function sentences(objections: readonly Objection[], what: 'reasons' | 'warnings'): string[] {
  const shown = objections
    .slice(0, maximumSentences)
    .map(({ sentence, ended }) => oneLine(sentence(ended), longestSentence));
  const rest = objections.slice(maximumSentences);
  if (rest.length === 0) return shown;
  const kinds = new Map<string, number>();
  for (const { kind } of rest) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const summary = [...kinds].map(([kind, count]) => `${count} ${describeKind(kind as Objection['kind'])}`).join(', ');
  const noun = rest.length === 1 ? what.slice(0, -1) : what;
  return [...shown, `${rest.length} more ${noun}: ${summary}.`];
}

/** The package of each of these sentences, if any is about one. */
export function packagesOf(objections: readonly Objection[]): string[] | undefined {
  const packages = objections.slice(0, maximumSentences).map(({ exceptable }) => exceptable?.package ?? '');
  return packages.some((name) => name !== '') ? packages : undefined;
}

function describeKind(kind: Objection['kind']): string {
  if (kind === 'waivers') return 'exceptions that end soon';
  if (kind === 'vulnerabilities' || kind === 'scan') return 'vulnerabilities';
  return describeScanners[kind];
}

/** What the policy allows for findings like this one. */
export function describeSeverity(limit: Severity, policy: Policy, canBeFixed: boolean): string {
  return !canBeFixed && policy.maxUnfixableSeverity !== undefined
    ? `${limit} at most if no newer version fixes it`
    : `${limit} at most`;
}

export function describeVulnerability(finding: Finding, allowed: string, ended: Waiver | undefined): string {
  const { severity, fixed } = finding;
  const rating = severity === 'UNDEFINED' ? 'not rated, which counts as MEDIUM' : severity;
  const remedy = fixed
    ? `update it to ${shown(fixed)} in the Dockerfile, or build on a newer base image that has it`
    : isFixable(finding)
      ? 'a newer version fixes it: update the package in the Dockerfile, or build on a newer base image'
      : 'no fixed version is known yet: remove the package, build on another base image, or have the index accept it as an exception';
  return `${shown(finding.id)} (${rating}) in ${shown(finding.package)} ${shown(finding.installed)}: the policy allows ${allowed}${describeEnd(ended)}; ${remedy}.`;
}

/** The sentence for a scanner's finding. */
export function describeScannerFinding(
  scanner: ScannerName,
  { id, sentence, remedy }: FindingText,
  ended: Waiver | undefined,
  isBlocking: boolean,
): string {
  const found = `${scanner}: ${withoutStop(sentence, 300)}${describeEnd(ended)}`;
  return isBlocking ? `${found}; ${remedy}, or have the index accept ${shown(id, 250)} as an exception.` : `${found}.`;
}

/** The findings beyond those that are listed. */
export function unlisted(scanner: ScannerName, count: number, response: Response): Objection {
  const sentence =
    response === 'block'
      ? `The scanner ${scanner} found ${count} more than its report can list, and findings that are not listed cannot be accepted; fix those that are listed, and the next scan lists the rest.`
      : `The scanner ${scanner} found ${count} more.`;
  const weight = scannerWeights[scanner] - 0.05;
  return { response, kind: scanner, weight, id: scanner, unlisted: count, sentence: () => sentence };
}

/** The image has no complete scan. */
export function withoutScan(
  { state, reason }: Pick<Scan, 'state' | 'reason'>,
  response: UnscannableResponse,
): Objection {
  const detail = reason ? `: ${withoutStop(reason)}` : '';
  const never = 'an image without a scan is not released';
  const sentence = () => {
    if (response === 'warn') {
      return `The scanner of the registry cannot read this image${detail}; its vulnerabilities are not known, and the policy lets it pass.`;
    }
    switch (state) {
      case 'unsupported':
        return `The scanner of the registry cannot read this image${detail}; ${never}, unless the policy says "unscannable: warn"; build on a distribution that the scanner supports.`;
      case 'timed-out':
        return `The scan did not end in time${detail}; ${never}. Push again to have it scanned again.`;
      default:
        return `The scan failed${detail}; ${never}. Push again to have it scanned again.`;
    }
  };
  return { response, kind: 'scan', weight: weights.notScanned, id: '', sentence };
}

const states = {
  failed: 'failed',
  'timed-out': 'did not end in time',
  missing: 'left no report',
  unreadable: 'left a report that cannot be read',
};

export function scannerWithoutReport(
  scanner: ScannerName,
  state: keyof typeof states,
  reason: string | undefined,
  response: Response,
): Objection {
  const failure = `The scanner ${scanner} ${states[state]}${reason ? `: ${withoutStop(reason)}` : ''}`;
  const sentence =
    response === 'block'
      ? `${failure}; the policy requires it. Push again to have the image scanned again.`
      : `${failure}.`;
  return { response, kind: scanner, weight: weights.notScanned, id: scanner, sentence: () => sentence };
}

/** A waiver that still counts, but expires soon. */
export function waiverEnds({ id, by, expires }: Waiver): Objection {
  return {
    response: 'warn',
    kind: 'waivers',
    weight: weights.waiverEnds,
    id,
    sentence: () =>
      `${capital(shown(by))} for ${shown(id)} ends after ${expires}; from then on the finding counts again.`,
  };
}

function describeEnd(ended: Waiver | undefined): string {
  return ended ? `, and ${shown(ended.by)} ended after ${ended.expires}` : '';
}

/** One short line: texts come from tools, databases and the index. Mails and pages escape them where they show them. */
function shown(text: string, longest = 100): string {
  return oneLine(text, longest);
}

function withoutStop(text: string, longest = 400): string {
  return oneLine(text, longest).replace(/[.\s]+$/, '');
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
