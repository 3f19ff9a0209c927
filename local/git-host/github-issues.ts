import { z } from 'zod';
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
import type { PullComments } from './pull-comments.ts';
import type { PullForms } from './pull-json.ts';
import type { Pull, PullStore } from './pull-store.ts';

const commentSchema = z.object({ body: z.string().min(1).max(65_536) });

/** Pull requests as the issues that they are too, with what people write at them. https://docs.github.com/en/rest/issues/comments */
export function issueRoutes(options: {
  url: string;
  people: People;
  store: PullStore;
  comments: PullComments;
  forms: PullForms;
}): Route[] {
  const { url, people, store, comments, forms } = options;

  function issueOf({ repository, groups }: Call): Pull {
    const pull = store.find(repository, Number(groups.number));
    if (!pull) throw notFound();
    return pull;
  }

  function commentOf({ repository, groups }: Call) {
    const comment = store.comment(repository, Number(groups.id));
    if (!comment) throw notFound();
    return comment;
  }

  /** Who may change a comment: its author, and users with write permission. */
  function ownComment(call: Call) {
    const { login } = callerOfWrite(call);
    const comment = commentOf(call);
    if (!isSameLogin(login, comment.login) && !people.can(call.repository, login, 'push'))
      throw forbidden('Must have admin rights to Repository.');
    return { login, comment };
  }

  return [
    [
      'GET',
      /^\/issues\/(?<number>\d+)$/,
      (call) => answerJson(call.response, 200, forms.issue(call.repository, issueOf(call))),
    ],
    [
      'GET',
      /^\/issues\/(?<number>\d+)\/comments$/,
      (call) => {
        const { repository, response } = call;
        const { number } = issueOf(call);
        const address = `${url}/github/repos/${repository.owner}/${repository.name}/issues/${number}/comments`;
        const { items, headers } = pageOf(call, address, store.comments(repository, number));
        const answer = items.map((comment) => forms.comment(repository, comment));
        answerJson(response, 200, answer, headers);
      },
    ],
    [
      'POST',
      /^\/issues\/(?<number>\d+)\/comments$/,
      async (call) => {
        const { login } = callerOfWrite(call);
        const { number } = issueOf(call);
        const { body } = await readInput(call.request, commentSchema, 'IssueComment');
        const comment = forms.comment(call.repository, await comments.add(call.repository, number, login, body));
        answerJson(call.response, 201, comment, { location: comment.url });
      },
    ],
    [
      'GET',
      /^\/issues\/comments\/(?<id>\d+)$/,
      (call) => answerJson(call.response, 200, forms.comment(call.repository, commentOf(call))),
    ],
    [
      'PATCH',
      /^\/issues\/comments\/(?<id>\d+)$/,
      async (call) => {
        const { login, comment } = ownComment(call);
        const { body } = await readInput(call.request, commentSchema, 'IssueComment');
        const changed = await comments.change(call.repository, comment.id, login, body);
        answerJson(call.response, 200, forms.comment(call.repository, changed));
      },
    ],
    [
      'DELETE',
      /^\/issues\/comments\/(?<id>\d+)$/,
      async (call) => {
        const { login, comment } = ownComment(call);
        await comments.remove(call.repository, comment.id, login);
        call.response.writeHead(204).end();
      },
    ],
  ];
}
