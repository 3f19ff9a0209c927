import { randomUUID } from 'node:crypto';
import type { OpenAccount } from '../../../local/account.ts';

/** A role that one service may assume and that may do the actions on anything. */
export function makeRole(account: OpenAccount, service: string, actions: string[] = []): string {
  const arn = `arn:aws:iam::${account.id}:role/test-${randomUUID()}`;
  account.iam.putRole(arn, {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });
  if (actions.length > 0) {
    account.iam.putRolePolicy(arn, 'test', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
    });
  }
  return arn;
}
