import { z } from 'zod';
import type { Commits } from './commits.ts';
import {
  answerJson,
  type Call,
  callerOfWrite,
  forbidden,
  notFound,
  pageOf,
  type Route,
  readInput,
} from './github-http.ts';
import { isSameLogin, type People } from './people.ts';
import type { PullBranches } from './pull-branches.ts';
import type { PullForms } from './pull-json.ts';
import type { Pull, PullStore } from './pull-store.ts';
import type { Pulls } from './pulls.ts';
import type { Repository } from './repositories.ts';

const maxFiles = 3000;
const maxCommits = 250;

const newPullSchema = z.object({
  title: z.string().trim().min(1).max(256),
  body: z.string().max(65_536).nullish(),
  head: z.string().min(1).max(255),
  base: z.string().min(1).max(255),
});
const changeSchema = z.object({
  title: z.string().trim().min(1).max(256).optional(),
  body: z.string().max(65_536).nullish(),
  state: z.enum(['open', 'closed']).optional(),
});
const mergeSchema = z.object({
  commit_title: z.string().max(1000).optional(),
  commit_message: z.string().max(65_536).optional(),
  sha: z.string().optional(),
  merge_method: z.enum(['merge', 'squash']).default('merge'),
});

/** https://docs.github.com/en/rest/pulls/pulls */
export function pullRoutes(options: {
  url: string;
  people: People;
  store: PullStore;
  pullBranches: PullBranches;
  pulls: Pulls;
  forms: PullForms;
  commits: Commits;
  /** Tells of the push that a merge is. */
  pushed(repository: Repository, login: string): Promise<void>;
}): Route[] {
  const { url, people, store, pullBranches, pulls, forms, commits } = options;
  const api = ({ owner, name }: Repository) => `${url}/github/repos/${owner}/${name}`;

  function pullOf({ repository, groups }: Call): Pull {
    const pull = store.find(repository, Number(groups.number));
    if (!pull) throw notFound();
    return pull;
  }

  async function whole(repository: Repository, pull: Pull) {
    return forms.whole(repository, pull, await pullBranches.mergeability(repository, pull));
  }

  const start = async (repository: Repository, { baseSha, headSha }: Pull) =>
    (await commits.mergeBase(repository, baseSha, headSha)) ?? baseSha;

  return [
    [
      'POST',
      /^\/pulls$/,
      async (call) => {
        const caller = callerOfWrite(call);
        const { body, ...given } = await readInput(call.request, newPullSchema, 'PullRequest');
        const author = (head: Repository) => (caller.isPerson ? caller.login : head.owner);
        const pull = await pulls.open(call.repository, { ...given, body: body ?? undefined }, author);
        const form = await whole(call.repository, pull);
        answerJson(call.response, 201, form, { location: form.url });
      },
    ],
    [
      'GET',
      /^\/pulls$/,
      async (call) => {
        const { repository, response, searchParams } = call;
        const state = searchParams.get('state') ?? 'open';
        const found = store.list(repository).filter((pull) => state === 'all' || pull.state === state);
        const [head, base] = [searchParams.get('head'), searchParams.get('base')];
        const { items, headers } = pageOf(
          call,
          `${api(repository)}/pulls`,
          found.filter(
            (pull) =>
              (base === null || pull.baseRef === base) &&
              (head === null || pullBranches.isHead(repository, pull, head)),
          ),
        );
        answerJson(response, 200, await Promise.all(items.map((pull) => forms.brief(repository, pull))), headers);
      },
    ],
    [
      'GET',
      /^\/pulls\/(?<number>\d+)$/,
      async (call) => answerJson(call.response, 200, await whole(call.repository, pullOf(call))),
    ],
    [
      'PATCH',
      /^\/pulls\/(?<number>\d+)$/,
      async (call) => {
        const { login } = callerOfWrite(call);
        const { repository, request, response } = call;
        const known = pullOf(call);
        if (!isSameLogin(login, known.login) && !people.can(repository, login, 'push'))
          throw forbidden('Must have push access to repository');
        const { title, body, state } = await readInput(request, changeSchema, 'PullRequest');
        const change = {
          ...(title !== undefined && { title }),
          ...(body !== undefined && { body: body ?? '' }),
          ...(state !== undefined && { state }),
        };
        const pull = await pulls.update(repository, known.number, change, login);
        answerJson(response, 200, await whole(repository, pull));
      },
    ],
    [
      'PUT',
      /^\/pulls\/(?<number>\d+)\/merge$/,
      async (call) => {
        const { login } = callerOfWrite(call);
        const { repository, request, response } = call;
        const { number } = pullOf(call);
        if (!people.can(repository, login, 'push')) throw forbidden('Must have push access to repository');
        const given = await readInput(request, mergeSchema, 'PullRequest');
        const sha = await pulls.merge(repository, number, {
          login,
          squash: given.merge_method === 'squash',
          sha: given.sha,
          title: given.commit_title,
          message: given.commit_message,
        });
        await options.pushed(repository, login);
        answerJson(response, 200, { sha, merged: true, message: 'Pull Request successfully merged' });
      },
    ],
    [
      'GET',
      /^\/pulls\/(?<number>\d+)\/merge$/,
      (call) => {
        if (pullOf(call).mergedAt === undefined) throw notFound();
        call.response.writeHead(204).end();
      },
    ],
    [
      'GET',
      /^\/pulls\/(?<number>\d+)\/files$/,
      async (call) => {
        const pull = pullOf(call);
        const { repository, response } = call;
        const files = await commits.files(repository, await start(repository, pull), pull.headSha);
        const address = `${api(repository)}/pulls/${pull.number}/files`;
        const { items, headers } = pageOf(call, address, files.slice(0, maxFiles));
        answerJson(response, 200, items, headers);
      },
    ],
    [
      'GET',
      /^\/pulls\/(?<number>\d+)\/commits$/,
      async (call) => {
        const pull = pullOf(call);
        const { repository, response } = call;
        const ids = await commits.between(repository, pull.baseSha, pull.headSha);
        const address = `${api(repository)}/pulls/${pull.number}/commits`;
        const { items, headers } = pageOf(call, address, ids.slice(0, maxCommits));
        answerJson(response, 200, await Promise.all(items.map((id) => commits.json(repository, id))), headers);
      },
    ],
  ];
}
