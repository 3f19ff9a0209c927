import type { ServerResponse } from 'node:http';
import type { GitHostKind } from '../../../core/model/git-host.ts';
import { createGitHosts } from '../../../services/git-host/hosts.ts';
import type { RepositoryApi } from '../../../services/git-host/repository-api.ts';
import { type FakeHost, startHost } from '../http.ts';
import { documentedApis } from './documented-answers.ts';

/** What a route answers, or does. */
export type Answers = Record<string, unknown | ((count: number, response: ServerResponse) => void)>;

export function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Asks an API that answers each route with JSON, or as a function says; everything else is not there. */
export async function askHost<Answer>(
  kind: GitHostKind,
  answers: Answers,
  question: (repository: RepositoryApi) => Promise<Answer>,
): Promise<{ answer: Answer; requests: FakeHost['requests']; routes: string[]; waited: number[] }> {
  const counts = new Map<string, number>();
  const routes: string[] = [];
  await using host = await startHost(({ method, path }, response) => {
    const route = `${method} ${decodeURIComponent(path)}`;
    routes.push(route);
    const count = (counts.get(route) ?? 0) + 1;
    counts.set(route, count);
    const answer = answers[route];
    if (typeof answer === 'function') return answer(count, response);
    send(response, answer === undefined ? 404 : 200, answer ?? { message: 'Not Found' });
  });
  const waited: number[] = [];
  const wait = async (milliseconds: number) => void waited.push(milliseconds);
  const hosts = createGitHosts([{ kind, url: 'https://git.example', apiUrl: host.url }], async () => 'the-token', wait);
  const repository = hosts.repositoryAt(documentedApis[kind].url);
  if (!repository) throw new Error('It is on the host.');
  return { answer: await question(repository), requests: host.requests, routes, waited };
}
