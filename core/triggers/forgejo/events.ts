import type { EventForm } from '../event-form.ts';
import { githubEvents } from '../github/events.ts';

/** The events of Forgejo and Gitea. https://forgejo.org/docs/latest/user/webhooks/ */
export const forgejoEvents: EventForm = {
  ...githubEvents,
  headers: { event: ['x-forgejo-event', 'x-gitea-event'], delivery: ['x-forgejo-delivery', 'x-gitea-delivery'] },
};
