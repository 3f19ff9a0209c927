import examples from '@octokit/webhooks-examples' with { type: 'json' };
import type { Trigger } from '../../../core/model/trigger.ts';
import type { EventForm } from '../../../core/triggers/event-form.ts';

/** The events that GitHub has recorded, by their name. */
export function recordedEvents(name: string): unknown[] {
  return (
    (examples as unknown as { name: string; examples: unknown[] }[]).find((each) => each.name === name)?.examples ?? []
  );
}

/** Reads an event as the webhook does. */
export function readEvent(form: EventForm, name: string, payload: unknown): Trigger | undefined | 'malformed' {
  const read = form.readers[name];
  if (!read) throw new Error(`There is no reader for ${name}.`);
  return read(payload, { id: 'guid', source: 'git.example/demo/app' });
}
