import { holdOf } from '../holds/hold.ts';
import type { Hold, PlacedHold } from '../model/hold.ts';
import type { TargetState } from '../targets/target-state.ts';
import { describeReason, type KeepReason } from './retention-plan.ts';

/** How many of the releases that a target had before it may be taken back to. */
const keptDeliveries = 5;

/** A project, as far as its images are in use by it. */
interface Using {
  name: string;
  released?: { digest: string } | undefined;
  hold?: Hold | undefined;
  held?: PlacedHold | undefined;
  /** What its newest candidate was built on. */
  bases?: readonly { digest?: string | undefined }[] | undefined;
}

/** By digest: which projects release an image now, or are built on it. */
export function usesByProjects(projects: readonly Using[], now: Date): Map<string, KeepReason[]> {
  const uses = projects.flatMap((project) => {
    const { name, released, bases = [] } = project;
    const kind = holdOf(project, now) ? ('held' as const) : ('current' as const);
    const own = released ? [{ digest: released.digest, reason: { kind, project: name } }] : [];
    const builtOn = bases.flatMap(({ digest }) =>
      digest === undefined ? [] : [{ digest, reason: { kind: 'base' as const, project: name } }],
    );
    return [...own, ...builtOn];
  });
  return reasonsByDigest(uses);
}

/** By digest: which targets have an image, are to have it, or had it not long ago. */
export function usesByTargets(targets: readonly Pick<TargetState, 'project' | 'target' | 'wanted' | 'delivered'>[]) {
  return reasonsByDigest(
    targets.flatMap(({ project, target, wanted, delivered }) => {
      const digests = new Set([wanted, ...delivered.slice(0, keptDeliveries)].map(({ digest }) => digest));
      return [...digests].map((digest) => ({
        digest,
        reason: { kind: 'deployed' as const, target: `the target ${target} of ${project}` },
      }));
    }),
  );
}

/** The uses of several maps together; a reason that more than one of them has is there once. */
export function mergedUses(...all: ReadonlyMap<string, readonly KeepReason[]>[]): Map<string, KeepReason[]> {
  const grouped = Map.groupBy(
    all.flatMap((uses) => [...uses]),
    ([digest]) => digest,
  );
  const once = (reasons: KeepReason[]) => [...new Map(reasons.map((each) => [describeReason(each), each])).values()];
  return new Map([...grouped].map(([digest, found]) => [digest, once(found.flatMap(([, reasons]) => reasons))]));
}

function reasonsByDigest(uses: readonly { digest: string; reason: KeepReason }[]): Map<string, KeepReason[]> {
  const grouped = Map.groupBy(uses, ({ digest }) => digest);
  return new Map([...grouped].map(([digest, all]) => [digest, all.map(({ reason }) => reason)]));
}
