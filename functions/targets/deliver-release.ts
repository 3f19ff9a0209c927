import type { Logger } from '@aws-lambda-powertools/logger';
import { isService, type ManifestTarget } from '../../core/model/deploy-target.ts';
import type { Deliverable } from '../../core/targets/deliverable.ts';
import { isUnderWay, type TargetState } from '../../core/targets/target-state.ts';
import { type DeliveryWorkers, openDeliveryWorkers } from '../../services/aws/delivery-workers.ts';
import { openTargets, type Targets } from '../../services/tables/targets.ts';
import { openWriteManifests, type WriteManifests } from '../manifests/write-manifests.ts';
import type { NotifyTarget } from './notify-target.ts';
import { type Owner, type RequestOptions, requestTargets, targetsOf } from './request-targets.ts';
import { createTrackTargets, type TrackTargets } from './track-targets.ts';

interface Services {
  targets: Pick<Targets, 'ofProject'>;
  track: TrackTargets;
  writeManifests: WriteManifests;
  workers: DeliveryWorkers;
}

/**
 * Brings releases of a project to its targets outside of the pipeline. The release that each target wants is stored before anything is
 * attempted, so that a failed attempt is repeated (`retry`), and an attempt for an older release cannot go on beside one for a newer.
 * Manifests are written at once. Copies and services may take minutes, so separate functions do them.
 */
export function createDelivery({ targets, track, writeManifests, workers }: Services) {
  async function write(project: Owner, states: readonly TargetState[]): Promise<void> {
    const jobs = states.flatMap((state) => {
      const target = project.deploy?.find(({ name }) => name === state.target);
      const isOpen = state.state === 'pending' || state.state === 'proposed';
      return target && isOpen && !isService(target) ? [{ target: target satisfies ManifestTarget, state }] : [];
    });
    if (jobs.length === 0) return;
    const outcomes = await writeManifests(jobs);
    const next: TargetState[] = [];
    for (const { state } of jobs) {
      const after = await track.settle(state, outcomes.get(state.target));
      const called = after?.state === 'delivered' ? await track.callNext(project, after) : undefined;
      if (called) next.push(called);
    }
    await write(project, next);
  }

  async function attempt(project: Owner, states: readonly TargetState[]): Promise<void> {
    for (const kind of ['registry', 'service'] as const) {
      if (states.some((state) => state.kind === kind && isUnderWay(state))) await workers.start(kind, project.name);
    }
    await write(
      project,
      states.filter(({ kind }) => kind === 'manifest'),
    );
  }

  return {
    /** Delivers a release of a project to its targets: those of its ref, or the ones that are named. Says what they have then. */
    async deliver(project: Owner, release: Deliverable, options: RequestOptions): Promise<TargetState[]> {
      await attempt(project, await requestTargets(track, project, release, options));
      const names = new Set(targetsOf(project, release, options.only).map(({ target }) => target));
      return (await targets.ofProject(project.name)).filter(({ target }) => names.has(target));
    },

    /** Tries what has been written down. */
    retry: attempt,
  };
}

export type Delivery = ReturnType<typeof createDelivery>;

/** @param notify absent where the caller reports the outcome */
export function openDelivery(logger: Logger, notify?: NotifyTarget): Delivery {
  const targets = openTargets();
  return createDelivery({
    targets,
    track: createTrackTargets({ targets, notify, logger }),
    writeManifests: openWriteManifests(),
    workers: openDeliveryWorkers(),
  });
}
