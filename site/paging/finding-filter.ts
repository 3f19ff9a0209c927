import { type Finding, isFixable, severities } from '../../core/model/findings.ts';

/** Whether a newer version fixes a finding. */
export const fixes = ['available', 'none'] as const;

/** What a person narrows the findings of an image to. */
export interface FindingFilter {
  severity: Finding['severity'] | undefined;
  fix: (typeof fixes)[number] | undefined;
  /** A part of the id, of another name of it, or of the package. */
  text: string;
}

/** What the form of the page sends; a value that is none counts as absent, so that an old address still shows something. */
export function findingFilterOf(query: URLSearchParams): FindingFilter {
  return {
    severity: severities.find((severity) => severity === query.get('severity')?.toUpperCase()),
    fix: fixes.find((fix) => fix === query.get('fix')),
    text: (query.get('q') ?? '').trim().slice(0, 100),
  };
}

export function passes(finding: Finding, { severity, fix, text }: FindingFilter): boolean {
  const wanted = text.toLowerCase();
  return (
    (severity === undefined || finding.severity === severity) &&
    (fix === undefined || isFixable(finding) === (fix === 'available')) &&
    (wanted === '' ||
      [finding.id, ...(finding.aliases ?? []), finding.package].some((name) => name.toLowerCase().includes(wanted)))
  );
}
