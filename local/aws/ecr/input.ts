import { z } from 'zod';
import { isRepositoryName } from '../../registry/names.ts';
import { invalidParameter } from './errors.ts';

/** The members that most calls of ECR share. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html */
export const registryId = z
  .string()
  .regex(/^[0-9]{12}$/)
  .optional();

export const repositoryName = z
  .string()
  .refine(
    isRepositoryName,
    "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'",
  );

export const inRepository = { registryId, repositoryName };

export const imageId = z.object({
  imageDigest: z.string().optional(),
  imageTag: z.string().min(1).max(300).optional(),
});

export const imageIds = z.array(imageId).min(1).max(100);

export const paging = { nextToken: z.string().optional(), maxResults: z.int().min(1).max(1000).optional() };

export const layerDigest = z.string().regex(/^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$/);

/** A page of a list that is in the order of its keys; the token is the last key of the page before. */
export function pageOf<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { nextToken, maxResults = 100 }: { nextToken?: string | undefined; maxResults?: number | undefined },
): { items: Item[]; nextToken?: string } {
  const after = nextToken === undefined ? undefined : readToken(nextToken);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, maxResults);
  const last = page.at(-1);
  return rest.length > page.length && last !== undefined
    ? { items: page, nextToken: writeToken(keyOf(last)) }
    : { items: page };
}

export function writeToken(key: string): string {
  return Buffer.from(JSON.stringify({ after: key })).toString('base64url');
}

export function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const parsed = /^\{"after":".*"\}$/s.test(text)
    ? z.object({ after: z.string() }).safeParse(safeJson(text))
    : undefined;
  if (!parsed?.success) throw invalidParameter('nextToken', 'Invalid next token');
  return parsed.data.after;
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** AWS's JSON has seconds. */
export function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}
