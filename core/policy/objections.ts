import { type Finding, isFixable, type Scan, type Severity } from '../model/findings.ts';
import type { Policy, Response, UnscannableResponse } from '../model/policy.ts';
import type { ScannerName } from '../model/scanner-names.ts';
import type { FindingWords } from '../scanners/finding-text.ts';
import { oneLine } from '../text/one-line.ts';
import type { Waivable } from './waivable.ts';
import type { Waiver } from './waivers.ts';

/** Something against a candidate. Of thousands only the first are put into words. */
export interface Objection {
  /** What comes of it unless it is waived: the image is blocked, or people are warned; of a finding that the policy allows, nothing. */
  response: Response;
  /** What it is counted among. */
  kind: 'vulnerabilities' | 'waivers' | 'scan' | ScannerName;
  /** The worst is the heaviest. */
  weight: number;
  id: string;
  /** What a waiver may name; absent where there is none to be had, because nobody has looked, or no report lists it. */
  finding?: Waivable | undefined;
  /** What an exception would name. */
  exceptable?: { id: string; package?: string } | undefined;
  /** How many findings it stands for that no report lists. */
  unlisted?: number | undefined;
  /** @param ended the waiver that accepted it until its day had ended */
  sentence: (ended?: Waiver) => string;
  ended?: Waiver | undefined;
}

const maximumSentences = 50;
/** A hundred sentences of the widest characters leave a build room in DynamoDB's 400 KB. */
const longestSentence = 700;
const weights = { notLookedAt: 9, waiverEnds: 8 };
/** Of findings that only warn, so many of each scanner are told one by one. */
const mostWarnings = 5;

/** Beside the severities, which are 1 to 5. */
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
  capabilities: 'grants of labels',
  'file-integrity': 'changed files',
  'dockerfile-lint': 'remarks on the Dockerfile',
  'user-test': 'failed tests',
  sbom: 'of the bill of materials',
};

/** The worst first. Names are compared by code units: by a language's rules, ten thousand take longer than all else. */
export function inOrder(objections: Objection[]): Objection[] {
  return objections.sort(
    (one, other) => other.weight - one.weight || (one.id === other.id ? 0 : one.id < other.id ? -1 : 1),
  );
}

/** Of each scanner's warnings the first few, and how many more there are. */
export function fewOfEachScanner(warnings: readonly Objection[]): Objection[] {
  const few: Objection[] = [];
  const told = new Map<ScannerName, number>();
  const more = new Map<ScannerName, number>();
  for (const warning of warnings) {
    const { kind, finding, unlisted: count = 1 } = warning;
    const isCounted = isScanner(kind) && (finding !== undefined || warning.unlisted !== undefined);
    if (!isCounted) few.push(warning);
    else if (finding && (told.get(kind) ?? 0) < mostWarnings) {
      told.set(kind, (told.get(kind) ?? 0) + 1);
      few.push(warning);
    } else more.set(kind, (more.get(kind) ?? 0) + count);
  }
  return [...few, ...[...more].map(([scanner, count]) => unlisted(scanner, count, 'warn'))];
}

function isScanner(kind: Objection['kind']): kind is ScannerName {
  return kind in scannerWeights;
}

/** As many as somebody reads, and what the rest is about. */
export function sentences(objections: readonly Objection[], what: 'reasons' | 'warnings'): string[] {
  const shown = objections
    .slice(0, maximumSentences)
    .map(({ sentence, ended }) => oneLine(sentence(ended), longestSentence));
  const rest = objections.slice(maximumSentences);
  if (rest.length === 0) return shown;
  const kinds = new Map<string, number>();
  for (const { kind } of rest) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const about = [...kinds].map(([kind, count]) => `${count} ${describeKind(kind as Objection['kind'])}`).join(', ');
  const noun = rest.length === 1 ? what.slice(0, -1) : what;
  return [...shown, `${rest.length} more ${noun}: ${about}.`];
}

function describeKind(kind: Objection['kind']): string {
  if (kind === 'waivers') return 'exceptions that end soon';
  if (kind === 'vulnerabilities' || kind === 'scan') return 'vulnerabilities';
  return describeScanners[kind];
}

/** What the policy allows of findings like this one. */
export function describeSeverity(limit: Severity, policy: Policy, canBeFixed: boolean): string {
  return !canBeFixed && policy.maxUnfixableSeverity !== undefined
    ? `${limit} at most where no newer version fixes it`
    : `${limit} at most`;
}

export function describeVulnerability(finding: Finding, allowed: string, ended: Waiver | undefined): string {
  const { severity, fixed } = finding;
  const rating = severity === 'UNDEFINED' ? 'not rated, which counts as MEDIUM' : severity;
  const remedy = fixed
    ? `update it to ${shown(fixed)} in the Dockerfile, or build on a newer base that has it`
    : isFixable(finding)
      ? 'a newer version fixes it: update the package in the Dockerfile, or build on a newer base'
      : 'no fixed version is known yet: take the package out, build on another base, or have the index accept it as an exception';
  return `${shown(finding.id)} (${rating}) in ${shown(finding.package)} ${shown(finding.installed)}: the policy allows ${allowed}${describeEnd(ended)}; ${remedy}.`;
}

/** What a scanner found. */
export function describeScannerFinding(
  scanner: ScannerName,
  { id, sentence, remedy }: FindingWords,
  ended: Waiver | undefined,
  isBlocking: boolean,
): string {
  const found = `${scanner}: ${withoutStop(sentence, 300)}${describeEnd(ended)}`;
  return isBlocking ? `${found}; ${remedy}, or have the index accept ${shown(id, 250)} as an exception.` : `${found}.`;
}

/** Findings beyond those that are told. */
export function unlisted(scanner: ScannerName, count: number, response: Response): Objection {
  const sentence =
    response === 'block'
      ? `The scanner ${scanner} found ${count} more than a report lists, which nobody can have accepted; mend those that are listed, and the rest is told.`
      : `The scanner ${scanner} found ${count} more.`;
  const weight = scannerWeights[scanner] - 0.05;
  return { response, kind: scanner, weight, id: scanner, unlisted: count, sentence: () => sentence };
}

/** Nobody has looked at the image. */
export function withoutScan(
  { state, reason }: Pick<Scan, 'state' | 'reason'>,
  response: UnscannableResponse,
): Objection {
  const detail = reason ? `: ${withoutStop(reason)}` : '';
  const never = 'an image without a scan is not released';
  const sentence = () => {
    if (response === 'warn') {
      return `The scanner of the registry cannot read this image${detail}; nobody has looked for its vulnerabilities, and the policy lets it pass.`;
    }
    switch (state) {
      case 'unsupported':
        return `The scanner of the registry cannot read this image${detail}; ${never}, unless the policy says "unscannable: warn"; build on a distribution that the scanner knows.`;
      case 'timed-out':
        return `The scan did not end in time${detail}; ${never}. Push again to have it scanned anew.`;
      default:
        return `The scan failed${detail}; ${never}. Push again to have it scanned anew.`;
    }
  };
  return { response, kind: 'scan', weight: weights.notLookedAt, id: '', sentence };
}

const states = {
  failed: 'failed',
  'timed-out': 'did not end in time',
  missing: 'has left no report',
  unreadable: 'has left a report that cannot be read',
};

export function scannerWithoutWord(
  scanner: ScannerName,
  state: keyof typeof states,
  reason: string | undefined,
  response: Response,
): Objection {
  const said = `The scanner ${scanner} ${states[state]}${reason ? `: ${withoutStop(reason)}` : ''}`;
  const sentence =
    response === 'block'
      ? `${said}; the policy releases nothing without it. Push again to have the image looked at anew.`
      : `${said}.`;
  return { response, kind: scanner, weight: weights.notLookedAt, id: scanner, sentence: () => sentence };
}

/** A waiver that counts still, but not for long. */
export function waiverEnds({ id, by, expires }: Waiver): Objection {
  return {
    response: 'warn',
    kind: 'waivers',
    weight: weights.waiverEnds,
    id,
    sentence: () =>
      `${capital(shown(by))} for ${shown(id)} ends with ${expires}; from the day after on the finding counts again.`,
  };
}

function describeEnd(ended: Waiver | undefined): string {
  return ended ? `, and ${shown(ended.by)} ended with ${ended.expires}` : '';
}

/** Texts come from tools, databases and the index; where they are shown, each is escaped for the place. */
function shown(text: string, longest = 100): string {
  return oneLine(text, longest);
}

function withoutStop(text: string, longest = 400): string {
  return oneLine(text, longest).replace(/[.\s]+$/, '');
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
