import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';

/** What the build of a project does, in place of a Dockerfile. */
const outcomeSchema = z.object({
  /** How long the engine works. */
  seconds: z.number().nonnegative().default(0),
  /** The size of the image's own layer. */
  bytes: z.int().nonnegative().default(0),
  /** The images that it is built on, as a Dockerfile names them; those that are no release of the pipeline are taken to be there. */
  bases: z.array(z.string()).default([]),
  /** With it, the build fails, and says this. */
  failure: z.string().optional(),
});

const outcomesSchema = z.object({
  usual: outcomeSchema.prefault({}),
  /** By the project's name. */
  projects: z.record(z.string(), outcomeSchema).default({}),
});

export type Outcome = z.output<typeof outcomeSchema>;
export type Outcomes = z.input<typeof outcomesSchema>;

/** The table of outcomes in a file, which may change while builds run. */
export function openOutcomes(file: string): (project: string) => Outcome {
  let read: { changedAt: number; outcomes: z.output<typeof outcomesSchema> } | undefined;
  return (project) => {
    const changedAt = statSync(file).mtimeMs;
    if (read?.changedAt !== changedAt)
      read = { changedAt, outcomes: outcomesSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) };
    return read.outcomes.projects[project] ?? read.outcomes.usual;
  };
}
