import type { EventBridgeEvent } from 'aws-lambda';
import * as z from 'zod';
import { once } from '../core/once.ts';
import { type CodeBuild, openCodeBuild } from '../services/aws/codebuild.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';

/** https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html */
const detailSchema = z.object({
  /** An ARN: `arn:aws:codebuild:us-east-1:123456789012:build/project:6f0d…` */
  'build-id': z.string(),
  'additional-information': z.object({
    environment: z.object({
      'environment-variables': z.array(z.object({ name: z.string(), value: z.string() })),
    }),
  }),
});

interface Services {
  builds: Pick<Builds, 'recordCodeBuild' | 'begin'>;
  codeBuild: CodeBuild;
}

/** Records that CodeBuild has begun a build that waited in its queue. */
export function createTrackBuild({ builds, codeBuild }: Services) {
  return async function trackBuild(detail: unknown): Promise<void> {
    const { 'build-id': arn, 'additional-information': information } = detailSchema.parse(detail);
    const id = information.environment['environment-variables'].find(({ name }) => name === 'BUILD_ID')?.value;
    if (!id) return;
    const codeBuildId = arn.slice(arn.indexOf('/') + 1);
    const status = (await builds.recordCodeBuild(id, codeBuildId))?.status;
    // It was superseded or cancelled while it waited. A function that ends the build from now on finds the run in its record, and stops it.
    if (status === 'superseded' || status === 'cancelled') await codeBuild.stop(codeBuildId);
    // Events may arrive late and more than once, so only a queued build goes on.
    else if (status) await builds.begin(id, 'build', 'building', ['queued']);
  };
}

const run = once(() => createTrackBuild({ builds: openBuilds(), codeBuild: openCodeBuild() }));

export function handler(event: EventBridgeEvent<'CodeBuild Build State Change', unknown>): Promise<void> {
  return run()(event.detail);
}
