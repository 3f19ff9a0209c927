import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { eventSource } from '../core/published-events/published-event.ts';
import { allow, type Grantee } from './permissions.ts';

/** The account's default event bus, on which releases, rollbacks and holds are published. */
export class PublishedEvents {
  readonly #arn: string;

  constructor(scope: Construct) {
    this.#arn = Stack.of(scope).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' });
  }

  /** Nobody else's events can be published with it. */
  grantPublish(grantee: Grantee): void {
    allow(grantee, {
      actions: ['events:PutEvents'],
      resources: [this.#arn],
      conditions: { StringEquals: { 'events:source': eventSource } },
    });
  }
}
