import * as z from 'zod';
import { triggerQueues } from '../triggers/queue.ts';
import { named } from './named.ts';

/** At most so many of each list are read: the newest, or the first by name. */
export const mostListed = 50;

const queueSchema = z.object({
  name: z.enum(triggerQueues),
  waiting: z.int().nonnegative(),
  inProgress: z.int().nonnegative(),
  /** Put off, because the git host did not answer. */
  delayed: z.int().nonnegative(),
  /** Failed five times, and wait in the dead-letter queue. */
  failed: z.int().nonnegative(),
});

const deliverySchema = z.object({
  /** The GUID that the git host shows beside the delivery, or the id of a command or of another trigger. */
  delivery: z.string(),
  type: z.string().nullable(),
  /** The repository, the project, the image or the build that it was about. */
  subject: z.string().nullable(),
  outcome: z.string(),
  builds: z.array(z.string()),
  /** It is planned again then: its host did not answer as it has to, as the outcome says. */
  waitsUntil: z.iso.datetime().nullable(),
  handledAt: z.iso.datetime(),
});

const failingSourceSchema = z.object({
  /** `host/owner/repository`, or `//host` for a whole host. */
  source: z.string(),
  /** How often in a row it could not be asked. */
  failures: z.int().positive(),
  error: z.string().nullable(),
  retryAt: z.iso.datetime().nullable(),
});

const unreachableAddressSchema = z.object({
  address: z.string(),
  kind: z.enum(['bounced', 'complained']),
  at: z.iso.datetime(),
  /** What the mail server said. */
  reason: z.string().nullable(),
});

export const operatorsReportSchema = z
  .object({
    /** The builds of CodeBuild: how many may run at once in the account, if Service Quotas says so, run and wait; at most 100 are counted. */
    builds: z.object({
      quota: z.number().nullable(),
      running: z.int().nonnegative(),
      waiting: z.int().nonnegative(),
    }),
    queues: z.array(queueSchema),
    /** The newest first. */
    deliveries: z.array(deliverySchema),
    failingSources: z.array(failingSourceSchema),
    /** The addresses that get no mails any more, because one bounced or was marked as spam. */
    unreachableAddresses: z.array(unreachableAddressSchema),
  })
  .register(named, { id: 'OperatorsReport', description: 'What only operators may know.' });

export type OperatorsReport = z.infer<typeof operatorsReportSchema>;

/** Its addresses, as JSON and as a page. Both want a signature, and `execute-api:Invoke`. */
export const operatorsPaths = { json: '/api/v1/operators', page: '/operators' } as const;
