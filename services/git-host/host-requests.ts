import { setTimeout as delay } from 'node:timers/promises';
import { Octokit } from '@octokit/core';
import * as z from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';

const attempts = 3;
const timeoutMilliseconds = 5_000;
/** A host may require a pause of a minute and more; then the request fails, and the queue delivers its trigger again later. */
const longestWaitMilliseconds = 5_000;

/** The host refused the request, and would refuse it again: the token lacks the permission, or the object does not exist. */
export class HostRefusedError extends UpstreamError {}

/** Octokit's error of a failed request. */
const requestErrorSchema = z.object({
  status: z.number(),
  message: z.string(),
  response: z.object({ headers: z.record(z.string(), z.unknown()) }).optional(),
});

export interface RequestOptions {
  apiUrl: string;
  token: () => Promise<string | undefined>;
  /** The repository as its host calls it, for people. */
  repository: string;
  /** The repository as the routes name it: `{owner}` and `{repo}` at GitHub and Forgejo, `{project}` at GitLab. */
  names: Readonly<Record<string, string>>;
  wait?: ((milliseconds: number) => Promise<unknown>) | undefined;
}

/**
 * Requests about one repository to the API of its git host. One that the host refuses only for a moment is repeated; every other failure is
 * an UpstreamError. Octokit fills routes of any such API, and knows how hosts paginate and limit no better than this does.
 */
export function createHostRequests({ apiUrl, token, repository, names, wait = delay }: RequestOptions) {
  const octokit = new Octokit({ baseUrl: apiUrl, userAgent: 'slipway' });

  /** A name in braces is filled with its value, escaped; what a route does not name goes into the query or the body. */
  async function request(route: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
    const named = Object.entries(names).filter(([name]) => route.includes(`{${name}}`));
    const given = await token();
    const headers = bearer(given);
    for (let attempt = 1; ; attempt++) {
      try {
        const signal = AbortSignal.timeout(timeoutMilliseconds);
        return (
          await octokit.request(route, { ...Object.fromEntries(named), ...parameters, headers, request: { signal } })
        ).data;
      } catch (error) {
        const pause = pauseAfter(error, attempt);
        // Do not repeat what adds something: it may have been added although its answer was lost.
        if (pause === undefined || attempt === attempts || isAdding(route))
          throw failure(route, { repository, isOfApp: isInstallationToken(given) }, error);
        await wait(pause);
      }
    }
  }

  return {
    request,

    /** Whether the token is one of an app's installation, which may write check runs. */
    isOfApp: async (): Promise<boolean> => isInstallationToken(await token()),

    /** Undefined if the host has no such object, or none that the token may see. */
    async find<Answer>(
      schema: z.ZodType<Answer>,
      route: string,
      parameters?: Record<string, unknown>,
    ): Promise<Answer | undefined> {
      try {
        return read(schema, route, await request(route, parameters));
      } catch (error) {
        if (error instanceof UpstreamError && statusOf(error.cause) === 404) return undefined;
        throw error;
      }
    },

    async get<Answer>(schema: z.ZodType<Answer>, route: string, parameters?: Record<string, unknown>): Promise<Answer> {
      return read(schema, route, await request(route, parameters));
    },
  };
}

export type HostRequests = ReturnType<typeof createHostRequests>;

function read<Answer>(schema: z.ZodType<Answer>, route: string, answer: unknown): Answer {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new UpstreamError(`The git host answered ${route} in an unknown form.`);
}

/** GitHub, GitLab and Forgejo all take a token so. */
export function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats */
function isInstallationToken(token: string | undefined): boolean {
  return token?.startsWith('ghs_') ?? false;
}

/** The status of a commit only replaces the one before it. */
function isAdding(route: string): boolean {
  return route.startsWith('POST ') && !route.includes('/statuses/');
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

export function requestErrorOf(error: unknown): z.infer<typeof requestErrorSchema> | undefined {
  return requestErrorSchema.safeParse(error).data;
}

export function statusOf(error: unknown): number | undefined {
  return requestErrorOf(error)?.status;
}

const tokenRefused = 'Its token has ended or was revoked: store another, as docs/git-hosts.md says.';
/** Of such a token the secret has nothing that could be replaced. */
const installationChanged =
  'The GitHub App was uninstalled or suspended within the last five minutes: docs/github-app.md says what to do ("What goes wrong").';

function failure(
  route: string,
  { repository, isOfApp }: { repository: string; isOfApp: boolean },
  cause: unknown,
): UpstreamError {
  const data = requestErrorOf(cause);
  const isRefused = data !== undefined && data.status >= 400 && data.status < 500 && !isLimit(data);
  const Failure = isRefused ? HostRefusedError : UpstreamError;
  const answer = data ? `answered ${data.status}: ${data.message.slice(0, 200)}` : 'did not answer';
  const advice = data?.status === 401 ? ` ${isOfApp ? installationChanged : tokenRefused}` : '';
  return new Failure(`The git host ${answer} (${route.slice(0, 60)} of ${repository}).${advice}`, { cause });
}
