import { Logger } from '@aws-lambda-powertools/logger';
import { failuresOf } from '../core/mail/mail-failure.ts';
import { once } from '../core/once.ts';
import { type MailAddresses, openMailAddresses } from '../services/tables/mail-addresses.ts';

interface Services {
  addresses: Pick<MailAddresses, 'fail'>;
  logger: Logger;
}

/** Records which addresses mails cannot or must not reach, so that they get no more. */
export function createRecordMailFailures({ addresses, logger }: Services) {
  return async function recordMailFailures(event: unknown): Promise<void> {
    for (const { address, failure } of failuresOf(event)) {
      await addresses.fail(address, failure);
      logger.warn('An address gets no more mails', { kind: failure.kind, reason: failure.reason });
    }
  };
}

const run = once(() =>
  createRecordMailFailures({
    addresses: openMailAddresses(),
    logger: new Logger({ serviceName: 'record-mail-failures' }),
  }),
);

export function handler(event: unknown): Promise<void> {
  return run()(event);
}
