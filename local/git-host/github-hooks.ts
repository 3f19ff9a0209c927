import { z } from 'zod';
import type { Deliveries } from './deliveries.ts';
import { answerJson, type Call, callerOfWrite, notFound, type Route, readInput } from './github-http.ts';
import type { People } from './people.ts';
import type { Repository } from './repositories.ts';
import { isoSeconds } from './repository-json.ts';
import { hookId, type Webhook } from './webhook.ts';

/** Of what GitHub lets be changed, one machine's one hook can be switched off and on for a repository, and get another secret. */
const hookChangeSchema = z.object({
  active: z.boolean().optional(),
  config: z.object({ secret: z.string().min(1).optional() }).optional(),
});

/** https://docs.github.com/en/rest/repos/webhooks */
export function hookRoutes(options: {
  url: string;
  people: People;
  deliveries: Deliveries;
  webhook(): Webhook | undefined;
}): Route[] {
  const { url, people, deliveries } = options;
  const api = (repository: Repository) => `${url}/github/repos/${repository.owner}/${repository.name}`;

  function hook(repository: Repository) {
    return {
      type: 'Repository',
      id: hookId,
      name: 'web',
      active: deliveries.isActive(repository.id),
      events: ['push', 'pull_request', 'issue_comment'],
      config: { content_type: 'json', insecure_ssl: '0', url: options.webhook()?.url ?? null, secret: '********' },
      created_at: isoSeconds(repository.createdAt),
      updated_at: isoSeconds(repository.createdAt),
      url: `${api(repository)}/hooks/${hookId}`,
      deliveries_url: `${api(repository)}/hooks/${hookId}/deliveries`,
      last_response: lastResponse(repository),
    };
  }

  /** GitHub has a word for each kind of failure in `status`, which no document lists. */
  function lastResponse({ id }: Repository) {
    const [last] = deliveries.list({ repositoryId: id, limit: 1 });
    if (last === undefined || last.status_code === 0) return { code: null, status: 'unused', message: null };
    const isActive = last.status_code >= 200 && last.status_code < 300;
    return { code: last.status_code, status: isActive ? 'active' : undefined, message: last.status };
  }

  function assertHook({ groups }: Call): void {
    if (Number(groups.hook) !== hookId) throw notFound();
  }

  function assertAdministrator(call: Call): void {
    if (!people.can(call.repository, callerOfWrite(call).login, 'admin')) throw notFound();
  }

  return [
    ['GET', /^\/hooks$/, ({ response, repository }) => answerJson(response, 200, [hook(repository)])],
    [
      'GET',
      /^\/hooks\/(?<hook>\d+)$/,
      (call) => {
        assertHook(call);
        answerJson(call.response, 200, hook(call.repository));
      },
    ],
    [
      'PATCH',
      /^\/hooks\/(?<hook>\d+)$/,
      async (call) => {
        assertHook(call);
        assertAdministrator(call);
        const { active, config } = await readInput(call.request, hookChangeSchema, 'Hook');
        deliveries.changeHook(call.repository.id, { active, secret: config?.secret });
        answerJson(call.response, 200, hook(call.repository));
      },
    ],
    [
      'GET',
      /^\/hooks\/(?<hook>\d+)\/deliveries$/,
      (call) => {
        assertHook(call);
        const { searchParams, repository, response } = call;
        const limit = Math.min(Math.max(Number(searchParams.get('per_page')) || 30, 1), 100);
        const cursor = Number(searchParams.get('cursor')) || undefined;
        const list = deliveries.list({
          repositoryId: repository.id,
          limit: limit + 1,
          before: cursor,
        });
        const page = list.slice(0, limit);
        const next = `${api(repository)}/hooks/${hookId}/deliveries?per_page=${limit}&cursor=${page.at(-1)?.id}`;
        answerJson(response, 200, page, list.length > limit ? { link: `<${next}>; rel="next"` } : {});
      },
    ],
    [
      'GET',
      /^\/hooks\/(?<hook>\d+)\/deliveries\/(?<delivery>\d+)$/,
      (call) => {
        assertHook(call);
        const found = deliveries.find(Number(call.groups.delivery));
        if (found?.repository_id !== call.repository.id) throw notFound();
        answerJson(call.response, 200, found);
      },
    ],
    [
      'POST',
      /^\/hooks\/(?<hook>\d+)\/deliveries\/(?<delivery>\d+)\/attempts$/,
      (call) => {
        assertHook(call);
        assertAdministrator(call);
        const delivery = Number(call.groups.delivery);
        if (deliveries.find(delivery)?.repository_id !== call.repository.id) throw notFound();
        deliveries.redeliver(delivery);
        answerJson(call.response, 202, {});
      },
    ],
  ];
}
