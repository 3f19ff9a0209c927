import type { Trigger } from '../model/trigger.ts';

/** What is known of a delivery besides its payload. */
export interface Delivery {
  /** The id that the git host gave it. */
  id: string;
  /** The identity of the repository whose secret signed it. */
  source: string;
}

/** What matters of an event whose body was not parsed, in the form that its schema demands. */
export interface ScannedEvent {
  /** The address of the repository that it is of. */
  repository: string;
  triggerFor(delivery: Delivery): Trigger | undefined;
}

/** How one kind of git host writes its events. */
export interface EventForm {
  /** The headers, in lower case, of which the first that is there counts. */
  headers: {
    /** What has happened. */
    event: readonly string[];
    /** The delivery's id. */
    delivery: readonly string[];
  };
  /** Reads what matters of a body without parsing the rest; undefined if it cannot. */
  scan?(event: string, body: string): ScannedEvent | undefined;
  /** The address of the repository that a payload is of, before anything else in it is believed. */
  repositoryOf(payload: unknown): string | undefined;
  /** The organisation that a payload is of, where it names no repository. */
  organizationOf?(payload: unknown): string | undefined;
  /** By the event's name: the trigger of a payload, undefined if it starts nothing. */
  readers: Readonly<Record<string, Reader>>;
}

export type Reader = (payload: unknown, delivery: Delivery) => Trigger | undefined | 'malformed';

/** Checks a payload by a schema, and makes a trigger of it. */
export function reader<Event>(
  schema: { safeParse(payload: unknown): { success: true; data: Event } | { success: false } },
  triggerOf: (event: Event, delivery: Delivery) => Trigger | undefined,
): Reader {
  return (payload, delivery) => {
    const event = schema.safeParse(payload);
    return event.success ? triggerOf(event.data, delivery) : 'malformed';
  };
}
