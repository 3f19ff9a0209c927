import { Logger } from '@aws-lambda-powertools/logger';
import { once } from '../core/once.ts';
import { stepInputSchema } from './builds/step-input.ts';
import { openTellEnd, untilNotified } from './builds/tell-end.ts';

const run = once(() => untilNotified(openTellEnd(new Logger({ serviceName: 'tell' }))));

export function handler(input: unknown): Promise<void> {
  return run()(stepInputSchema.parse(input).build);
}
