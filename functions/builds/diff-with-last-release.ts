import type { Build } from '../../core/model/build.ts';
import type { Scan } from '../../core/model/findings.ts';
import { type Comparison, changesOf, compare, type ImageRecords } from '../../core/releases/image-diff.ts';
import type { PackageLists } from '../../services/records/package-lists.ts';
import { ifReadable, type Records } from '../../services/records/records.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Heads } from '../../services/tables/heads.ts';
import type { ProjectRecord } from '../../services/tables/projects.ts';
import { releaseBefore } from './last-release.ts';

interface Services {
  builds: Pick<Builds, 'get'>;
  heads: Pick<Heads, 'get'>;
  packages: Pick<PackageLists, 'read'>;
  records: Pick<Records, 'scan' | 'scanners' | 'releaseFindings' | 'putComparison'>;
}

/** Compares a candidate to the image that was released before it. */
export function createDiffWithLastRelease({ builds, heads, packages, records }: Services) {
  async function recordsOf(build: Pick<Build, 'id' | 'candidate'>): Promise<ImageRecords> {
    const { id, candidate } = build;
    const [list, scan, scanners] = await Promise.all([
      ifReadable(packages.read(id)),
      ifReadable(records.scan(id)),
      ifReadable(records.scanners(id)),
    ]);
    return { packages: list, scan, scanners, sizeBytes: candidate?.sizeBytes };
  }

  /** The findings of the latest rescan, so that what became known after the release does not count as a change by the new build. */
  async function findingsToday({ name: project }: ProjectRecord, digest: string): Promise<Scan | undefined> {
    const rescan = await ifReadable(records.releaseFindings({ project, digest }));
    return rescan?.state === 'complete' ? { state: 'complete', findings: rescan.findings } : undefined;
  }

  return {
    /**
     * Stores the comparison with the last release; undefined if there is none. If a record is missing or unreadable, its part is left out:
     * an image must not look better or worse because the records of the other are incomplete.
     */
    async keep(build: Build, project: ProjectRecord): Promise<Build['changes']> {
      const last = await releaseBefore(heads, project, build);
      if (!last) return undefined;
      const against: Comparison['against'] = {
        build: last.build,
        ref: last.ref,
        digest: last.digest,
        releasedAt: last.at,
      };
      const [before, today, after] = await Promise.all([
        builds.get(last.build).then((released) => recordsOf(released ?? { id: last.build })),
        findingsToday(project, last.digest),
        recordsOf(build),
      ]);
      const comparison = compare(against, { ...before, scan: today ?? before.scan }, after);
      await records.putComparison(build.id, comparison);
      return changesOf(comparison);
    },
  };
}

export type Comparisons = ReturnType<typeof createDiffWithLastRelease>;
