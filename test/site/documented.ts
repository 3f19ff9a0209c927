import { expect } from 'vitest';
import { problemSchema } from '../../core/api/named.ts';
import { problemType, titleOf } from '../../core/api/problem.ts';
import { unsignedPath } from '../../core/api/signed-reads.ts';
import { operations } from '../../site/api/operations.ts';
import { type ProblemCode, problems } from '../../site/problems.ts';
import { forms } from '../../site/router.ts';

const known = operations.map((operation) => {
  const form = operation.path
    .replaceAll('.', '\\.')
    .replace(/\{(\w+)\}/g, (_, name) => forms[name as keyof typeof forms]);
  return { ...operation, pattern: new RegExp(`^${form}/?$`) };
});

interface Answered {
  statusCode?: number | undefined;
  headers: Record<string, string>;
  text: string;
}

/** Holds an answer of the API against its document: nothing is answered that is not in it. */
export function expectDocumented({ pathname: asked, origin }: URL, method: string, answer: Answered): void {
  const pathname = unsignedPath(asked);
  if (!pathname.startsWith('/api/')) return;
  expect(answer.headers['access-control-allow-origin']).toBe('*');
  const operation = known.find(({ pattern }) => pattern.test(pathname));
  const { statusCode = 0, headers, text } = answer;
  if (statusCode >= 400) {
    expect(headers['content-type']).toBe('application/problem+json');
    if (method === 'HEAD') return;
    const problem = problemSchema.parse(JSON.parse(text));
    const code = problem.code as ProblemCode;
    expect({ ...problem, type: undefined }).toEqual({ ...JSON.parse(text), type: undefined });
    expect(problem).toMatchObject({ type: problemType(origin, code), title: titleOf(code), status: statusCode });
    expect(problems[code][0]).toBe(statusCode);
    const own = operation?.problems ?? ['NotFound'];
    expect([...own, 'MethodNotAllowed', 'InternalError', 'Overloaded']).toContain(code);
    return;
  }
  if (statusCode !== 200 || pathname === '/api/v1/openapi.json') return;
  if (!operation) throw new Error(`site/api/operations.ts does not have ${pathname}.`);
  if (method !== 'GET' || typeof operation.answer === 'string') return;
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  const json: unknown = JSON.parse(text);
  // What the schema does not name would be left out of what it returns.
  expect(operation.answer.parse(json)).toEqual(json);
  const page = json as { cursor?: string | null; findings?: { cursor?: string | null } };
  const cursor = page.cursor ?? page.findings?.cursor;
  if (cursor) expect(headers.link).toContain(`cursor=${encodeURIComponent(cursor)}`);
  else expect(headers).not.toHaveProperty('link');
}
