import { parse } from 'yaml';
import { z } from 'zod';

export const phaseNames = ['install', 'pre_build', 'build', 'post_build'] as const;
export type PhaseName = (typeof phaseNames)[number];

const commands = z.array(z.string());
const variables = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

const phaseSchema = z.strictObject({
  commands: commands.default([]),
  finally: commands.default([]),
  'on-failure': z.enum(['ABORT', 'CONTINUE']).optional(),
  // The machine has the runtimes that it has; Node is the one that runs this process.
  'runtime-versions': z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});

/** What of https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html runs on one machine. */
const buildspecSchema = z.strictObject({
  version: z.union([z.literal('0.2'), z.literal(0.2)]),
  env: z
    .strictObject({
      shell: z.enum(['sh', 'bash', '/bin/sh']).default('sh'),
      variables: variables.default({}),
    })
    .default({ shell: 'sh', variables: {} }),
  phases: z.strictObject({
    install: phaseSchema.optional(),
    pre_build: phaseSchema.optional(),
    build: phaseSchema.optional(),
    post_build: phaseSchema.optional(),
  }),
});

export type Buildspec = z.infer<typeof buildspecSchema>;

/** The buildspec cannot be run; the message names the part. */
export class BuildspecError extends Error {
  override readonly name = 'BuildspecError';
}

/** @throws BuildspecError */
export function parseBuildspec(text: string): Buildspec {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new BuildspecError(`The buildspec is not YAML: ${(error as Error).message}`);
  }
  const parsed = buildspecSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? issue.keys : [])].join('.');
  const reason = issue?.code === 'unrecognized_keys' ? 'is not supported on one machine' : issue?.message;
  throw new BuildspecError(`The buildspec's ${path === '' ? 'document' : path}: ${reason}`);
}
