import { Annotations, Stack } from 'aws-cdk-lib';
import { EmailIdentity, Identity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import type { Config } from './config.ts';
import { allow, type Grantee } from './permissions.ts';
import type { State } from './state.ts';

/** Mail, from one address. */
export class Notifications extends Construct {
  readonly #sender: string;
  readonly #state: State;

  constructor(
    scope: Construct,
    id: string,
    { sender, senderIdentity, state }: Pick<Config, 'sender' | 'senderIdentity'> & { state: State },
  ) {
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
    // An account has an identity once. Another stack's, or one made by hand, can be neither made nor removed here.
    if (senderIdentity === 'new') new EmailIdentity(this, 'Sender', { identity: Identity.email(sender) });
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
