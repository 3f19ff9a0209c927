import type { Finding } from './finding.ts';
import { readImageFiles } from './image-files.ts';
import { type Installed, isWanted, readInstalled } from './installed-packages.ts';
import { isLanguageFile, languages, readLanguagePackages } from './language-packages.ts';
import { ecosystemOf, matchRecords } from './match-records.ts';
import type { OsvIndex } from './osv-records.ts';

export type RecordScan =
  | {
      /** `no-records`: there is a package database, of a distribution that has no records in OSV. */
      state: 'complete' | 'no-records';
      findings: Finding[];
      sourceUpdatedAt: number | undefined;
      problems: string[];
      /** The distribution in Inspector's word: `DEBIAN_12`. */
      platform: string;
    }
  | { state: 'unsupported' };

/** Basic scanning sees packages of the distribution only. */
export type ScanScope = 'distribution' | 'languages-too';

/** A record that might be about any package is a reason not to say that an image has no findings. */
export class UnreadableRecordsError extends Error {
  override readonly name = 'UnreadableRecordsError';
}

/**
 * Matches the packages of an image, given as the files of its layers, with the records of a folder.
 * @throws UnreadableRecordsError
 */
export async function scanRecords(
  layers: string[],
  scope: ScanScope,
  readRecords: () => Promise<OsvIndex>,
): Promise<RecordScan> {
  const wantsLanguages = scope === 'languages-too';
  const files = await readImageFiles(layers, (path) => isWanted(path) || (wantsLanguages && isLanguageFile(path)));
  const installed = readInstalled(files);
  if (installed === undefined) return { state: 'unsupported' };
  const index = await readRecords();
  const [unreadable] = index.unreadable;
  if (unreadable !== undefined) {
    const others = index.unreadable.length > 1 ? `, and ${index.unreadable.length - 1} others` : '';
    throw new UnreadableRecordsError(
      `A record of vulnerabilities cannot be read, so that nobody knows what it is about; correct or remove it: ${unreadable}${others}`,
    );
  }
  const ecosystem = ecosystemOf(installed);
  const findings = ecosystem === undefined ? [] : matchRecords(installed.packages, ecosystem, index);
  if (wantsLanguages) findings.push(...languages.flatMap((language) => matchLanguage(files, language, index)));
  const { updatedAt: sourceUpdatedAt, problems } = index;
  const state = ecosystem === undefined ? 'no-records' : 'complete';
  return { state, findings, sourceUpdatedAt, problems, platform: platformOf(installed) };
}

function matchLanguage(files: Map<string, Buffer>, language: (typeof languages)[number], index: OsvIndex): Finding[] {
  const { ecosystem, compare, packageManager } = language;
  return readLanguagePackages(files, language).flatMap(({ name, version, path }) => {
    const found = { name, version, source: { name, version } };
    const findings = matchRecords([found], { names: [ecosystem], bySource: false, compare }, index);
    return findings.map((finding) => ({ ...finding, language: { packageManager, path } }));
  });
}

/** https://docs.aws.amazon.com/inspector/v2/APIReference/API_ImageLayerAggregation.html has the form. */
function platformOf({ distribution: { id, version } }: Installed): string {
  const names: Partial<Record<string, string>> = {
    alpine: 'ALPINE_LINUX',
    amzn: 'AMAZON_LINUX',
    ol: 'ORACLE_LINUX',
    rocky: 'ROCKY_LINUX',
  };
  const release = id === 'alpine' ? version.split('.').slice(0, 2).join('.') : version;
  return [names[id] ?? id.toUpperCase(), release.replaceAll('.', '_')].filter(Boolean).join('_');
}
