import { Octokit } from '@octokit/core';
import * as z from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';
import { bearer } from './host-requests.ts';
import type { HookOwner } from './webhook-api.ts';

const timeoutMilliseconds = 20_000;

const requestErrorSchema = z.object({
  status: z.int(),
  message: z.string(),
  response: z.object({ headers: z.record(z.string(), z.unknown()) }).optional(),
});

/** What a person reads when a host refuses. */
export interface HostWords {
  /** `GitHub` */
  host: string;
  /** The environment variable that the token is in. */
  variable: string;
  /** What the token must be allowed to do. */
  scopeFor(owner: HookOwner): string;
  /** Why the host may find a webhook not acceptable. */
  unacceptable: string;
}

export interface SetupRequest {
  owner: HookOwner;
  route: string;
  parameters: object;
}

/** Requests of a command that a person waits for: each is sent once, and its refusal says what to do. */
export function createSetupRequests({ apiUrl, token }: { apiUrl: string; token: string }, words: HostWords) {
  const octokit = new Octokit({ baseUrl: apiUrl, userAgent: 'slipway' });

  /** @throws UpstreamError that says what to do */
  return async function request<Answer>(
    schema: z.ZodType<Answer>,
    { owner, route, parameters }: SetupRequest,
  ): Promise<Answer> {
    const signal = AbortSignal.timeout(timeoutMilliseconds);
    try {
      const { data } = await octokit.request(route, { ...parameters, headers: bearer(token), request: { signal } });
      return schema.parse(data);
    } catch (cause) {
      throw new UpstreamError(explanation(owner, apiUrl, words, cause), { cause });
    }
  };
}

function explanation(owner: HookOwner, apiUrl: string, words: HostWords, cause: unknown): string {
  const { data } = requestErrorSchema.safeParse(cause);
  if (cause instanceof z.ZodError) return `${apiUrl} answered in an unknown form: is it the API of ${words.host}?`;
  if (!data) return `${apiUrl} did not answer.`;
  const { status, message, response } = data;
  const name = 'organization' in owner ? owner.organization : owner.repository;
  const scope = words.scopeFor(owner);
  const said = `${words.host} answered ${status} for ${name}: ${message.slice(0, 300)}`;
  switch (status) {
    case 401:
      return `${said}. The token is not valid: put another one into ${words.variable}.`;
    case 403:
      if (response?.headers['x-ratelimit-remaining'] === '0')
        return `${said}. The rate limit is used up: try again later.`;
      return `${said}. The token needs ${scope}.`;
    case 404:
      // Hosts do not tell those who may not administer something that it exists.
      return `${said}. Either there is no ${name}, or the token's owner does not administer it. The token needs ${scope}.`;
    case 422:
      return `${said}. ${words.unacceptable}: see the settings of ${name}.`;
    case 429:
      return `${said}. Try again later.`;
    default:
      return said;
  }
}
