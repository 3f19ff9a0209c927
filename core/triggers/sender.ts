import { InvalidInputError } from '../model/errors.ts';
import { type Trigger, triggerSchema } from '../model/trigger.ts';

export type TriggerType = Trigger['type'];

/** By the id of a role: the kinds of triggers that it may send. Whoever else the account lets send may send every kind. */
export type TriggerSenders = Readonly<Record<string, readonly TriggerType[]>>;

/**
 * The trigger in a message of the queue. The sender may have made up anything in the message itself, but SQS says who sent it: of a role it
 * gives the id, then the name of the session. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 * @throws InvalidInputError if the sender may not send triggers of this kind
 */
export function triggerFrom(body: string, sender: string, senders: TriggerSenders): Trigger {
  const trigger = triggerSchema.parse(JSON.parse(body));
  const role = sender.split(':')[0] ?? '';
  const allowed = Object.hasOwn(senders, role) ? senders[role] : undefined;
  if (allowed && !allowed.includes(trigger.type))
    throw new InvalidInputError(`${sender} sent a trigger of the kind "${trigger.type}", which it may not send.`);
  return trigger;
}
