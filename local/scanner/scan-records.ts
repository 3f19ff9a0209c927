import type { Finding } from './finding.ts';
import { readImageFiles } from './image-files.ts';
import { isWanted, readInstalled } from './installed-packages.ts';
import { isLanguageFile, languages, readLanguagePackages } from './language-packages.ts';
import { ecosystemOf, matchRecords } from './match-records.ts';
import type { OsvIndex } from './osv-records.ts';

export type RecordScan =
  | { state: 'complete'; findings: Finding[]; sourceUpdatedAt: number | undefined; problems: string[] }
  /** There is a package database, of a distribution that has no records in OSV. */
  | { state: 'no-records' }
  | { state: 'unsupported' };

/** Basic scanning sees packages of the distribution only. */
export type ScanScope = 'distribution' | 'languages-too';

/** Matches the packages of an image, given as the files of its layers, with the records of a folder. */
export async function scanRecords(
  layers: string[],
  scope: ScanScope,
  readRecords: () => Promise<OsvIndex>,
): Promise<RecordScan> {
  const wantsLanguages = scope === 'languages-too';
  const files = await readImageFiles(layers, (path) => isWanted(path) || (wantsLanguages && isLanguageFile(path)));
  const installed = readInstalled(files);
  if (installed === undefined) return { state: 'unsupported' };
  const ecosystem = ecosystemOf(installed);
  if (ecosystem === undefined) return { state: 'no-records' };
  const index = await readRecords();
  const findings = matchRecords(installed.packages, ecosystem, index);
  if (wantsLanguages) findings.push(...languages.flatMap((language) => matchLanguage(files, language, index)));
  return { state: 'complete', findings, sourceUpdatedAt: index.updatedAt, problems: index.problems };
}

function matchLanguage(files: Map<string, Buffer>, language: (typeof languages)[number], index: OsvIndex): Finding[] {
  const { ecosystem, compare, packageManager } = language;
  return readLanguagePackages(files, language).flatMap(({ name, version, path }) => {
    const found = { name, version, source: { name, version } };
    const findings = matchRecords([found], { names: [ecosystem], bySource: false, compare }, index);
    return findings.map((finding) => ({ ...finding, language: { packageManager, path } }));
  });
}
