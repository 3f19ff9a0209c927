import * as z from 'zod';
import type { BuildSelection } from '../../core/builds/build-selection.ts';
import { buildStatuses } from '../../core/model/build.ts';
import { projectNameSchema } from '../../core/model/project-name.ts';
import type { ProblemCode } from '../problems.ts';
import { RequestError } from '../request-error.ts';

/** The parameters of the lists and the logs, as the document of the API has them. An empty one counts as absent, as forms send it. */
export const parameters = {
  limit: { name: 'limit', description: 'At most this many items.', schema: z.int().min(1).max(100).default(20) },
  /** Of a part of a record's list. */
  pieceLimit: {
    name: 'limit',
    description: 'At most this many items.',
    schema: z.int().min(1).max(1000).default(1000),
  },
  cursor: { name: 'cursor', description: 'The `cursor` of the page before.', schema: z.string().optional() },
  status: { name: 'status', description: 'With this status.', schema: z.enum(buildStatuses).optional() },
  project: { name: 'project', description: 'Of this project, `app/job:tag`.', schema: projectNameSchema.optional() },
  commit: {
    name: 'commit',
    description: 'Of this commit, whole or by its first seven digits or more.',
    schema: z
      .string()
      .regex(/^[0-9a-f]{7,64}$/)
      .optional(),
  },
  since: {
    name: 'since',
    description: 'Created at this time or later.',
    schema: z.union([z.iso.date(), z.iso.datetime({ offset: true })]).optional(),
  },
  month: {
    name: 'month',
    description: 'Of this month, such as 2026-11, in UTC; else of this one.',
    schema: z
      .string()
      .regex(/^\d{4}-(?:0[1-9]|1[0-2])$/)
      .optional(),
  },
  digest: {
    name: 'digest',
    description: 'That released this image, the last of each project.',
    schema: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional(),
  },
  tag: {
    name: 'tag',
    description: 'Whose image ever had this tag.',
    schema: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)
      .optional(),
  },
  prefix: {
    name: 'prefix',
    description: 'Whose name, `app/job:tag`, begins so.',
    schema: z
      .string()
      .regex(/^[a-z0-9][A-Za-z0-9._/:-]{0,255}$/)
      .optional(),
  },
  from: {
    name: 'from',
    description: 'Begins at this byte, from 0.',
    schema: z.int().min(0).max(999_999_999_999_999).optional(),
  },
  q: {
    name: 'q',
    description:
      'The start of the name of a project or of its job, an image with its tag, a repository, a digest, a commit, or the id of a build or a cascade.',
    schema: z.string().max(300).optional(),
  },
  line: {
    name: 'line',
    description: 'Shows this line, from 1.',
    schema: z.int().min(1).max(999_999_999_999).optional(),
  },
} as const satisfies Record<string, Parameter<z.ZodType> & { description: string }>;

export const limitOf = (query: URLSearchParams): number => limitIn(query, parameters.limit);
export const pieceLimitOf = (query: URLSearchParams): number => limitIn(query, parameters.pieceLimit);

function limitIn(query: URLSearchParams, { name, schema }: Parameter<z.ZodDefault<z.ZodInt>>): number {
  const { maxValue } = schema.unwrap();
  return readNumber(query, { name, schema }, 'InvalidLimit', `is a whole number from 1 to ${maxValue}.`);
}

export function selectionOf(query: URLSearchParams): BuildSelection {
  const { status, project, commit, since } = parameters;
  const from = read(query, since, 'InvalidSince', 'is a day or a time, such as 2026-11-21 or 2026-11-21T10:00:00Z.');
  return {
    status: read(query, status, 'InvalidStatus', `is one of ${buildStatuses.join(', ')}.`),
    project: read(query, project, 'InvalidProject', 'is written app/job:tag, for example demo/app:latest.'),
    commit: read(query, commit, 'InvalidCommit', 'is a commit, or at least its first seven hexadecimal digits.'),
    since: from && new Date(from).toISOString(),
  };
}

export function costSelectionOf(query: URLSearchParams): { month?: string | undefined; project?: string | undefined } {
  const { month, project } = parameters;
  return {
    month: read(query, month, 'InvalidMonth', 'is a month, such as 2026-11.'),
    project: read(query, project, 'InvalidProject', 'is written app/job:tag, for example demo/app:latest.'),
  };
}

export function digestOf(query: URLSearchParams): string | undefined {
  return read(query, parameters.digest, 'InvalidDigest', "is an image's digest: sha256: and 64 hexadecimal digits.");
}

export function tagOf(query: URLSearchParams): string | undefined {
  return read(query, parameters.tag, 'InvalidTag', 'is a tag of an image, such as latest or 1.2.3.');
}

/** The start of the names of projects; empty for all. */
export function prefixOf(query: URLSearchParams): string {
  return read(query, parameters.prefix, 'InvalidPrefix', 'is the start of app/job:tag, such as demo/.') ?? '';
}

/** A byte's number in a log. */
export function fromOf(query: URLSearchParams): number | undefined {
  return readNumber(query, parameters.from, 'InvalidFrom', 'is the number of a byte, from 0.');
}

/** What is searched for; empty for nothing. */
export function textOf(query: URLSearchParams): string {
  return read(query, parameters.q, 'InvalidText', 'has at most 300 characters.')?.trim() ?? '';
}

/** A line's number in a log, or its end. */
export function lineOf(query: URLSearchParams): number | 'last' | undefined {
  if (query.get('line') === 'last') return 'last';
  return readNumber(query, parameters.line, 'InvalidLine', 'is the number of a line, from 1, or "last".');
}

interface Parameter<Schema extends z.ZodType> {
  name: string;
  schema: Schema;
}

type Reading = <Schema extends z.ZodType>(
  query: URLSearchParams,
  parameter: Parameter<Schema>,
  code: ProblemCode,
  rule: string,
) => z.output<Schema>;

const reading =
  (parse: (text: string) => unknown): Reading =>
  (query, { name, schema }, code, rule) => {
    const text = query.get(name);
    const parsed = schema.safeParse(text ? parse(text) : undefined);
    if (parsed.success) return parsed.data;
    throw new RequestError(400, code, `The parameter "${name}" ${rule}`);
  };

const read = reading((text) => text);
const readNumber = reading((text) => (/^\d{1,15}$/.test(text) ? Number(text) : text));
