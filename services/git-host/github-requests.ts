import { setTimeout as delay } from 'node:timers/promises';
import { Octokit } from '@octokit/core';
import * as z from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';
import type { GithubToken } from './github-token.ts';

const attempts = 3;
const timeoutMilliseconds = 5_000;
/** GitHub may require a pause of a minute and more; then the request fails, and the queue delivers its trigger again later. */
const longestWaitMilliseconds = 5_000;

/** The host refused the request, and would refuse it again: the token lacks the permission, or the object does not exist. */
export class GithubRefusedError extends UpstreamError {}

/** Octokit's error of a failed request. */
const requestErrorSchema = z.object({
  status: z.number(),
  message: z.string(),
  response: z.object({ headers: z.record(z.string(), z.unknown()) }).optional(),
});

/**
 * Requests to GitHub's REST API. One that the host refuses only for a moment is repeated; every other failure is an UpstreamError.
 * https://docs.github.com/en/rest
 */
export function createGithubRequests(
  { apiUrl, token }: { apiUrl: string; token: GithubToken },
  wait: (milliseconds: number) => Promise<unknown> = delay,
) {
  async function request(route: string, repository: string, parameters: Record<string, unknown>): Promise<unknown> {
    // What a route does not name would become a part of its query.
    const [owner, repo] = route.includes('{owner}') ? repository.split('/') : [];
    const auth = await token();
    const octokit = new Octokit({ baseUrl: apiUrl, userAgent: 'slipway', auth });
    for (let attempt = 1; ; attempt++) {
      try {
        const signal = AbortSignal.timeout(timeoutMilliseconds);
        return (
          await octokit.request(route, {
            ...(owner && repo ? { owner, repo } : {}),
            ...parameters,
            request: { signal },
          })
        ).data;
      } catch (error) {
        const pause = pauseAfter(error, attempt);
        // Do not repeat what adds something: it may have been added although its answer was lost.
        if (pause === undefined || attempt === attempts || isAdding(route)) throw failure(route, repository, error);
        await wait(pause);
      }
    }
  }

  /** Undefined if the host has no such object, or none that the token may see. */
  async function find<Answer>(
    schema: z.ZodType<Answer>,
    route: string,
    repository: string,
    parameters: Record<string, unknown>,
  ): Promise<Answer | undefined> {
    try {
      return schema.parse(await request(route, repository, parameters));
    } catch (error) {
      if (error instanceof UpstreamError && statusOf(error.cause) === 404) return undefined;
      if (error instanceof z.ZodError) throw new UpstreamError(`The git host answered ${route} in an unknown form.`);
      throw error;
    }
  }

  return { request, find };
}

function isAdding(route: string): boolean {
  return route.endsWith('/comments') || route.endsWith('/pulls');
}

/**
 * How long to wait before the request is repeated; undefined if repeating cannot help, or would have to wait too long.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
function pauseAfter(error: unknown, attempt: number): number | undefined {
  const { data } = requestErrorSchema.safeParse(error);
  // The host did not answer at all.
  if (!data) return 250 * 2 ** attempt;
  const wanted = data.response?.headers['retry-after'];
  if (!isLimit(data) && data.status < 500) return undefined;
  const pause = wanted === undefined ? 250 * 2 ** attempt : Number(wanted) * 1000;
  return pause <= longestWaitMilliseconds ? pause : undefined;
}

function isLimit({ status, response }: z.infer<typeof requestErrorSchema>): boolean {
  const headers = response?.headers ?? {};
  const isUsedUp = headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0';
  return status === 429 || (status === 403 && isUsedUp);
}

export function statusOf(error: unknown): number | undefined {
  return requestErrorSchema.safeParse(error).data?.status;
}

function failure(route: string, repository: string, cause: unknown): UpstreamError {
  const { data } = requestErrorSchema.safeParse(cause);
  const isRefused = data !== undefined && data.status >= 400 && data.status < 500 && !isLimit(data);
  const Failure = isRefused ? GithubRefusedError : UpstreamError;
  const answer = data ? `answered ${data.status}: ${data.message.slice(0, 200)}` : 'did not answer';
  return new Failure(`The git host ${answer} (${route.slice(0, 60)} of ${repository}).`, { cause });
}
