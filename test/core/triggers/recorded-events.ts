import examples from '@octokit/webhooks-examples' with { type: 'json' };
import type { Trigger } from '../../../core/model/trigger.ts';
import type { Delivery, EventForm } from '../../../core/triggers/event-form.ts';

/** The events that GitHub has recorded, by their name. */
export function recordedEvents(name: string): unknown[] {
  return (
    (examples as unknown as { name: string; examples: unknown[] }[]).find((each) => each.name === name)?.examples ?? []
  );
}

export const delivery: Delivery = { id: 'guid', source: 'git.example/demo/app' };

/** Reads an event as the webhook does. */
export function readEvent(form: EventForm, name: string, payload: unknown): Trigger | undefined | 'malformed' {
  const read = form.readers[name];
  if (!read) throw new Error(`There is no reader for ${name}.`);
  return read(payload, delivery);
}
