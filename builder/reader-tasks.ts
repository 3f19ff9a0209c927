import * as z from 'zod';
import { type PackageManager, packageListSchema } from '../core/model/package-list.ts';
import type { RpmPackage } from '../core/packages/databases.ts';
import { integrityProblems } from '../core/scanners/file-integrity/file-integrity.ts';
import { mostFindings } from '../core/scanners/report.ts';

/** What a confined reader is asked for. */
interface TaskInputs {
  /** The packages in an image, and which of some programs it has. */
  contents: {
    programs: readonly string[];
    /** The search path of the image's commands. */
    path: string;
    /** What `rpm` read in a database in one of its older forms. */
    rpmPackages?: RpmPackage[];
  };
  /** Whether the image's package manager is as it was installed. */
  'tool-origin': { manager: PackageManager };
  /** The files that differ from what the database says of them. */
  'changed-files': { manager: PackageManager };
}

export type ReaderTask = keyof TaskInputs;
export type TaskInput<Task extends ReaderTask> = TaskInputs[Task];

/** Of as many packages as a database may have. */
const mostGaps = 50_000;
const text = z.string().max(4096);
/** With names as they are in the image; they are made safe to show later. */
const fileSchema = z.object({
  path: text,
  problems: z.array(z.enum(integrityProblems)).min(1),
  kind: z.enum(['config', 'documentation', 'ghost', 'licence', 'readme']).optional(),
  package: text.optional(),
  vendor: text.optional(),
});
const gaps = z.array(fileSchema).max(mostGaps);

/** Its answers. What an image's files have made of the reader's process is not known. */
export const readerAnswers = {
  contents: z.object({
    programs: z.record(z.string().max(200), text),
    packages: packageListSchema.optional(),
    /** Instead of packages: the folder with a copy of a database that only `rpm` can read. */
    olderDatabase: text.optional(),
  }),
  'tool-origin': z.object({ isAsInstalled: z.boolean(), gaps }),
  'changed-files': z.object({
    /** False where the database says of no file how it should be. */
    isRecorded: z.boolean(),
    files: z.array(fileSchema).max(mostFindings),
    total: z.int().nonnegative(),
    gaps,
  }),
} satisfies Record<ReaderTask, z.ZodType>;

export type ReaderAnswer<Task extends ReaderTask> = z.infer<(typeof readerAnswers)[Task]>;
