import { type BuildStatus, buildStatuses } from '../../core/model/build.ts';
import { projectNameSchema } from '../../core/model/project.ts';
import { RequestError } from '../request-error.ts';

/** The parameters of the lists. An empty one counts as absent, as forms send it. */

export function limitOf(query: URLSearchParams): number {
  const text = query.get('limit');
  if (!text) return 20;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 100)
    throw new RequestError(400, 'InvalidLimit', 'The parameter "limit" is a whole number from 1 to 100.');
  return limit;
}

export function statusOf(query: URLSearchParams): BuildStatus | undefined {
  const text = query.get('status');
  if (!text) return undefined;
  const status = buildStatuses.find((known) => known === text);
  if (status) return status;
  throw new RequestError(400, 'InvalidStatus', `The parameter "status" is one of ${buildStatuses.join(', ')}.`);
}

export function projectOf(query: URLSearchParams): string | undefined {
  const text = query.get('project');
  if (!text) return undefined;
  if (projectNameSchema.safeParse(text).success) return text;
  throw new RequestError(
    400,
    'InvalidProject',
    'The parameter "project" is written app/job:tag, for example demo/app:latest.',
  );
}

/** A byte's number in a log. */
export function fromOf(query: URLSearchParams): number | undefined {
  const text = query.get('from');
  if (!text) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new RequestError(400, 'InvalidFrom', 'The parameter "from" is the number of a byte, from 0.');
}
