import { Annotations, Stack } from 'aws-cdk-lib';
import { EmailIdentity, Identity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import { allow, type Grantee } from './permissions.ts';
import type { State } from './state.ts';

/** Mail, from one address. */
export class Notifications extends Construct {
  readonly #sender: string;
  readonly #state: State;

  constructor(scope: Construct, id: string, { sender, state }: { sender: string; state: State }) {
    super(scope, id);
    this.#sender = sender;
    this.#state = state;
    // https://www.rfc-editor.org/rfc/rfc2606
    if (/[@.]example\.(?:com|net|org)$/.test(sender)) {
      Annotations.of(this).addWarningV2(
        'slipway:exampleSender',
        `The sender ${sender} is only a placeholder: SES cannot confirm it and no mail will go out. Write your own address into cdk.json.`,
      );
    }
    new EmailIdentity(this, 'Sender', { identity: Identity.email(sender) });
  }

  /**
   * The condition limits the permission. SES checks the permission on the identity of the sender, and also on that of a recipient where
   * the account has one, as it always does in the sandbox: with the sender's ARN alone no mail would go out there.
   * https://github.com/aws/aws-sdk-js/issues/3641
   */
  grantSend(grantee: Grantee): void {
    allow(grantee, {
      actions: ['ses:SendRawEmail'],
      resources: [Stack.of(this).formatArn({ service: 'ses', resource: 'identity', resourceName: '*' })],
      conditions: { StringEquals: { 'ses:FromAddress': this.#sender } },
      because: 'The wildcard stands for recipients; the condition leaves one sender.',
    });
    grantee.setVariable('SENDER', this.#sender);
    this.#state.mails.grant(grantee, 'GetItem', 'UpdateItem');
  }
}
