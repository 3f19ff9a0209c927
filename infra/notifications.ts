import { Annotations, Stack } from 'aws-cdk-lib';
import { EmailIdentity, Identity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import type { Config } from './config.ts';
import { allow, type Grantee } from './permissions.ts';
import type { Secrets } from './secrets.ts';
import { addressAttributes, type State } from './state.ts';

/** Mail, from one address. */
export class Notifications extends Construct {
  readonly #sender: string;
  readonly #state: State;
  readonly #secrets: Secrets;
  readonly #confirmAddresses: boolean;

  constructor(
    scope: Construct,
    id: string,
    {
      sender,
      senderIdentity,
      mail,
      state,
      secrets,
    }: Pick<Config, 'sender' | 'senderIdentity' | 'mail'> & { state: State; secrets: Secrets },
  ) {
    super(scope, id);
    this.#sender = sender;
    this.#state = state;
    this.#secrets = secrets;
    this.#confirmAddresses = mail.confirmAddresses;
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
    grantee.setVariable('CONFIRM_ADDRESSES', yesOrNo(this.#confirmAddresses));
    if (!this.#confirmAddresses) return;
    this.#state.addresses.grant(grantee, 'BatchGetItem');
    this.#state.addresses.grantUpdate(grantee, ...addressAttributes.asked);
    this.#secrets.grantSeal(grantee);
  }

  /** Lets the pages show who confirmed, and write what an address answers. */
  grantAnswers(grantee: Grantee): void {
    grantee.setVariable('CONFIRM_ADDRESSES', yesOrNo(this.#confirmAddresses));
    this.#state.addresses.grant(grantee, 'GetItem', 'BatchGetItem');
    this.#state.addresses.grantUpdate(grantee, ...addressAttributes.answered);
  }
}

const yesOrNo = (holds: boolean) => (holds ? 'yes' : 'no');
