import { z } from 'zod';
import { type BuildStatus, buildStatuses } from '../../core/model/build.ts';
import { projectNameSchema } from '../../core/model/project.ts';
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
  cursor: { name: 'cursor', description: 'The `cursor` of the page before.', schema: z.string() },
  status: { name: 'status', description: 'Builds with this status.', schema: z.enum(buildStatuses) },
  project: { name: 'project', description: 'Builds of this project, `app/job:tag`.', schema: projectNameSchema },
  from: { name: 'from', description: 'Begins at this byte, from 0.', schema: z.int().min(0).max(999_999_999_999_999) },
} as const;

export const limitOf = (query: URLSearchParams): number => limitIn(query, parameters.limit.schema);
export const pieceLimitOf = (query: URLSearchParams): number => limitIn(query, parameters.pieceLimit.schema);

function limitIn(query: URLSearchParams, schema: z.ZodDefault<z.ZodInt>): number {
  const { maxValue } = schema.unwrap();
  return readNumber(
    query,
    'limit',
    schema,
    'InvalidLimit',
    `The parameter "limit" is a whole number from 1 to ${maxValue}.`,
  );
}

export function statusOf(query: URLSearchParams): BuildStatus | undefined {
  const message = `The parameter "status" is one of ${buildStatuses.join(', ')}.`;
  return read(query, 'status', parameters.status.schema.optional(), 'InvalidStatus', message);
}

export function projectOf(query: URLSearchParams): string | undefined {
  const message = 'The parameter "project" is written app/job:tag, for example demo/app:latest.';
  return read(query, 'project', parameters.project.schema.optional(), 'InvalidProject', message);
}

/** A byte's number in a log. */
export function fromOf(query: URLSearchParams): number | undefined {
  const message = 'The parameter "from" is the number of a byte, from 0.';
  return readNumber(query, 'from', parameters.from.schema.optional(), 'InvalidFrom', message);
}

type Reading = <Value>(
  query: URLSearchParams,
  name: string,
  schema: z.ZodType<Value>,
  code: ProblemCode,
  message: string,
) => Value;

const reading =
  (parse: (text: string) => unknown): Reading =>
  (query, name, schema, code, message) => {
    const text = query.get(name);
    const parsed = schema.safeParse(text ? parse(text) : undefined);
    if (parsed.success) return parsed.data;
    throw new RequestError(400, code, message);
  };

const read = reading((text) => text);
const readNumber = reading((text) => (/^\d{1,15}$/.test(text) ? Number(text) : text));
