import { z } from 'zod';
import { type Account, AwsError, operation } from '../service.ts';

const entrySchema = z.object({
  Source: z.string().optional(),
  DetailType: z.string().optional(),
  Detail: z.string().optional(),
  Resources: z.array(z.string()).default([]),
  /** Seconds since 1970. */
  Time: z.number().optional(),
  EventBusName: z.string().default('default'),
});

type Entry = z.infer<typeof entrySchema>;

/** In bytes, of all entries together. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
const largestRequest = 256 * 1024;

interface Refusal {
  ErrorCode: string;
  ErrorMessage: string;
}

/** Puts the account's own events on the default bus. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export function putEvents(account: Account, newId: () => string) {
  const busArn = (name: string) => `arn:aws:events:${account.region}:${account.id}:event-bus/${name}`;

  return operation({
    input: z.object({ Entries: z.array(entrySchema).min(1).max(10) }),
    permissions: ({ Entries }) =>
      Entries.map(({ Source = '', DetailType = '', EventBusName }) => ({
        action: 'events:PutEvents',
        resource: EventBusName.startsWith('arn:') ? EventBusName : busArn(EventBusName),
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
        context: { 'events:source': Source, 'events:detail-type': DetailType },
      })),
    handle({ Entries }) {
      const size = Entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
      if (size > largestRequest) {
        throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
      }
      const results = Entries.map((entry) => {
        const refusal = refusalOf(entry, busArn('default'));
        if (refusal) return refusal;
        const { Source = '', DetailType = '', Detail = '', Resources, Time } = entry;
        account.emit({
          source: Source,
          'detail-type': DetailType,
          resources: Resources,
          detail: JSON.parse(Detail),
          time: Time === undefined ? undefined : Time * 1000,
        });
        return { EventId: newId() };
      });
      return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
    },
  });
}

/** Why an entry does not become an event; the others of the request do. */
function refusalOf({ Source, DetailType, Detail, EventBusName }: Entry, defaultBus: string): Refusal | undefined {
  const missing = !Source ? 'Source' : !DetailType ? 'DetailType' : Detail === undefined ? 'Detail' : undefined;
  if (missing) {
    return {
      ErrorCode: 'InvalidArgument',
      ErrorMessage: `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`,
    };
  }
  if (Source?.startsWith('aws.')) {
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  }
  if (EventBusName !== 'default' && EventBusName !== defaultBus) {
    return { ErrorCode: 'EventBusNotFoundException', ErrorMessage: `Event bus ${EventBusName} does not exist.` };
  }
  return isObject(Detail ?? '') ? undefined : { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function sizeOf({ Source = '', DetailType = '', Detail = '', Resources, Time }: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return texts + (Time === undefined ? 0 : 14);
}
