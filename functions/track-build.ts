import type { EventBridgeEvent } from 'aws-lambda';
import { z } from 'zod';
import { type Builds, createBuilds } from '../services/builds.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';

/** https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html */
const detailSchema = z.object({
  'additional-information': z.object({
    environment: z.object({
      'environment-variables': z.array(z.object({ name: z.string(), value: z.string() })),
    }),
  }),
});

/** CodeBuild has begun with a build that waited in its queue. */
export function createTrackBuild({ builds }: { builds: Builds }) {
  return async function trackBuild(detail: unknown): Promise<void> {
    const { 'additional-information': information } = detailSchema.parse(detail);
    const id = information.environment['environment-variables'].find(({ name }) => name === 'BUILD_ID')?.value;
    // Events come late and twice: only a queued build moves on.
    if (id) await builds.begin(id, 'build', 'building', ['queued']);
  };
}

let run: ReturnType<typeof createTrackBuild> | undefined;

export function handler(event: EventBridgeEvent<'CodeBuild Build State Change', unknown>): Promise<void> {
  run ??= createTrackBuild({ builds: createBuilds(createDocumentClient(), variable('BUILDS_TABLE')) });
  return run(event.detail);
}
