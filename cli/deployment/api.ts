import type * as z from 'zod';
import { problemSchema } from '../../core/api/named.ts';
import { DeploymentError } from '../errors.ts';
import { createApiReader, type ReadApi } from './api-reader.ts';

const pageSize = 100;

interface Page<Item> {
  items: Item[];
  cursor: string | null;
}

/** The API of a deployment (docs/api.md). */
export function createApi(siteUrl: string, readApi: ReadApi = createApiReader(siteUrl, undefined, {})) {
  /** @throws DeploymentError unless the answer is 200 or 404 */
  async function request(path: string): Promise<Response | undefined> {
    const response = await readApi(`/api/v1/${path}`);
    if (response.ok) return response;
    if (response.status === 404) return undefined;
    // The API says by RFC 9457 what is wrong; a proxy in front of it may answer anything.
    const problem = problemSchema.pick({ detail: true }).safeParse(await response.json().catch(() => undefined)).data;
    throw new DeploymentError(
      `${siteUrl}/api/v1/${path} answered ${response.status}${problem ? `: ${problem.detail}` : '.'}`,
    );
  }

  /** Undefined for a 404. */
  async function read<Answer>(path: string, schema: z.ZodType<Answer>): Promise<Answer | undefined> {
    const response = await request(path);
    if (!response) return undefined;
    const answer = schema.safeParse(await response.json().catch(() => undefined));
    if (answer.success) return answer.data;
    throw new DeploymentError(
      `${siteUrl} does not answer as this version of the command expects. Use the one that was deployed.`,
      { cause: answer.error },
    );
  }

  return {
    read,

    /** A list, page by page, as far as it is read. */
    async *list<Item>(
      path: string,
      query: Record<string, string | undefined>,
      schema: z.ZodType<Page<Item>>,
    ): AsyncGenerator<Item, void> {
      let cursor: string | null = null;
      do {
        const given = Object.entries({ limit: String(pageSize), ...query, cursor: cursor ?? undefined });
        const parameters = new URLSearchParams(given.filter((each): each is [string, string] => each[1] !== undefined));
        const page: Page<Item> | undefined = await read(`${path}?${parameters}`, schema);
        yield* page?.items ?? [];
        cursor = page?.cursor ?? null;
      } while (cursor !== null);
    },

    /** The bytes of a build's log from one on, and where the next ones begin; undefined where there is no such build. */
    async log(build: string, from: number): Promise<{ bytes: Buffer; next: number; total: number } | undefined> {
      const response = await request(`builds/${build}/log?from=${from}`);
      if (!response) return undefined;
      const [next, total] = ['x-log-next', 'x-log-total'].map((name) => Number(response.headers.get(name)));
      return { bytes: Buffer.from(await response.arrayBuffer()), next: next ?? from, total: total ?? from };
    },
  };
}

export type Api = ReturnType<typeof createApi>;
