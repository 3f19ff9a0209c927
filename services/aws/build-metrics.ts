import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Build } from '../../core/model/build.ts';
import { once } from '../../core/once.ts';

/** The names that the dashboard and the alarms use. */
export const buildMetrics = {
  namespace: 'Slipway',
  service: 'pipeline',
  ended: 'BuildsEnded',
  seconds: 'BuildSeconds',
  queued: 'OldestQueuedBuildSeconds',
  dimension: 'status',
} as const;

/** Counts builds by their final status, and says how long they wait. The metrics reach CloudWatch through the function's log, without an API call. */
export function createBuildMetrics() {
  const metrics = new Metrics({ namespace: buildMetrics.namespace, serviceName: buildMetrics.service });
  return {
    ended({ status, createdAt, endedAt }: Build): void {
      const report = (name: string, unit: (typeof MetricUnit)[keyof typeof MetricUnit], value: number) => {
        const metric = metrics.singleMetric();
        metric.addDimension(buildMetrics.dimension, status);
        metric.addMetric(name, unit, value);
      };
      report(buildMetrics.ended, MetricUnit.Count, 1);
      if (endedAt)
        report(buildMetrics.seconds, MetricUnit.Seconds, (Date.parse(endedAt) - Date.parse(createdAt)) / 1000);
    },

    /** How long the oldest of the builds that CodeBuild has not begun has waited; 0 if none waits. */
    oldestQueued(seconds: number): void {
      metrics.singleMetric().addMetric(buildMetrics.queued, MetricUnit.Seconds, seconds);
    },
  };
}

export type BuildMetrics = ReturnType<typeof createBuildMetrics>;

export const openBuildMetrics = once(createBuildMetrics);
