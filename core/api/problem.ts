import type * as z from 'zod';
import type { problemSchema } from './named.ts';

interface ProblemFacts {
  status: number;
  code: string;
  /** What is wrong with this request, with a next step. */
  detail: string;
  /** The path of the request. */
  path: string;
}

/** An error in the API: https://www.rfc-editor.org/rfc/rfc9457 */
export function problemOf(
  siteUrl: string,
  { status, code, detail, path }: ProblemFacts,
): z.infer<typeof problemSchema> {
  const instance = encodeURI(path.toWellFormed());
  return { type: problemType(siteUrl, code), title: titleOf(code), status, detail, instance, code };
}

/** `Build not found` of `BuildNotFound` */
export function titleOf(code: string): string {
  return code.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** The address of a problem's description, a part of the API's document. */
export function problemType(siteUrl: string, code: string): string {
  return `${siteUrl}/api/v1/openapi.json#/components/examples/${code}`;
}
