import { type Account, AwsError } from '../service.ts';
import type { Queue } from './queue.ts';

/** The queues of the account by name, ARN and URL. */
export interface QueueDirectory {
  put(queue: Queue): void;
  find(name: string): Queue | undefined;
  /** @throws AwsError `QueueDoesNotExist` */
  named(name: string): Queue;
  /** @throws AwsError `QueueDoesNotExist` */
  at(url: string): Queue;
  names(): string[];
  arnOf(name: string): string;
  /** The ARN of a queue's URL, whether or not the queue exists. */
  arnAt(url: string): string;
  urlOf(name: string): string;
}

export function createQueueDirectory(account: Account): QueueDirectory {
  const queues = new Map<string, Queue>();
  /** Of a queue's URL only the path counts, as with AWS: `…/<account>/<name>`. */
  const nameIn = (url: string) => url.slice(url.lastIndexOf('/') + 1);
  const arnOf = (name: string) => `arn:aws:sqs:${account.region}:${account.id}:${name}`;
  const named = (name: string): Queue => {
    const queue = queues.get(name);
    if (!queue) throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return queue;
  };
  return {
    put: (queue) => void queues.set(queue.name, queue),
    find: (name) => queues.get(name),
    named,
    at: (url) => named(nameIn(url)),
    names: () => [...queues.keys()].sort(),
    arnOf,
    arnAt: (url) => arnOf(nameIn(url)),
    urlOf: (name) => `${account.endpoint}/${account.id}/${name}`,
  };
}
