import type { Build } from '../core/model/build.ts';
import type { Finding } from '../core/model/findings.ts';
import type { Project } from '../core/model/project.ts';
import { packagesOf } from '../core/policy/scanner-objections.ts';
import { idsOf } from '../core/policy/verdict.ts';
import { acceptances, type Standing, type Subject } from '../core/policy/waivers.ts';
import { findingsInWords, type ScannerReport } from '../core/scanners/report.ts';
import { dayOf } from '../core/time/day.ts';

export type StandingOf = (subject: Subject) => Standing;

/** Where findings stand with what the index says now, on the day that the build was judged. */
export function standingsOf(build: Build, project: Project | undefined, now: Date): StandingOf {
  return acceptances(project ?? {}, dayOf(new Date(build.stages.judge?.startedAt ?? now)));
}

/** A vulnerability as decisions name it. */
export function subjectOf(finding: Finding): Subject {
  return { ids: idsOf(finding), package: finding.package, installed: finding.installed };
}

/** The findings of a report in words, each as decisions name it. */
export function subjectsOf(report: ScannerReport) {
  const packages = packagesOf(report);
  return findingsInWords(report).map((words, at) => {
    const { name, installed } = packages[at] ?? {};
    return { words, subject: { ids: [words.id], package: name, installed } satisfies Subject };
  });
}
