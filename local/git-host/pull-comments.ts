import type { Deliveries } from './deliveries.ts';
import type { PullForms } from './pull-json.ts';
import type { PullStore } from './pull-store.ts';
import type { Repository } from './repositories.ts';

/** The comments on pull requests: each change is an event. */
export function createPullComments({
  deliveries,
  store,
  forms,
}: {
  deliveries: Deliveries;
  store: PullStore;
  forms: PullForms;
}) {
  async function tell(base: Repository, action: string, login: string, id: number, more: object = {}): Promise<void> {
    const comment = store.comment(base, id);
    const pull = comment && store.find(base, comment.number);
    if (!comment || !pull) return;
    const payload = {
      action,
      ...more,
      issue: forms.issue(base, pull),
      comment: forms.comment(base, comment),
      repository: await forms.repository(base),
      sender: forms.user(login),
    };
    deliveries.add({ event: 'issue_comment', repositoryId: base.id, payload });
    deliveries.pump();
  }

  return {
    async add(base: Repository, number: number, login: string, body: string) {
      const comment = store.addComment(base, number, login, body);
      await tell(base, 'created', login, comment.id);
      return comment;
    },
    async change(base: Repository, id: number, login: string, body: string) {
      const from = store.comment(base, id)?.body ?? '';
      const comment = store.changeComment(id, body);
      await tell(base, 'edited', login, id, { changes: { body: { from } } });
      return comment;
    },
    async remove(base: Repository, id: number, login: string) {
      await tell(base, 'deleted', login, id);
      store.removeComment(id);
    },
  };
}

export type PullComments = ReturnType<typeof createPullComments>;
