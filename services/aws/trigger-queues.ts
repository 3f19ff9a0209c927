import type { TriggerQueue } from '../../core/triggers/queue.ts';
import type { VariableName } from '../environment.ts';

/** The variables with the address of each queue of triggers. */
export const queueVariables = {
  triggers: 'TRIGGERS_QUEUE_URL',
  'pull requests': 'UNTRUSTED_TRIGGERS_QUEUE_URL',
  background: 'BACKGROUND_TRIGGERS_QUEUE_URL',
} as const satisfies Record<TriggerQueue, VariableName>;

/** Those with the addresses of the queues for triggers that could not be planned. */
export const deadLetterVariables = {
  triggers: 'DEAD_LETTERS_URL',
  'pull requests': 'UNTRUSTED_DEAD_LETTERS_URL',
  background: 'BACKGROUND_DEAD_LETTERS_URL',
} as const satisfies Record<TriggerQueue, VariableName>;
