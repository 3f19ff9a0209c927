import { Annotations } from 'aws-cdk-lib';
import { EmailIdentity, Identity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import { allow, type Grantee } from './permissions.ts';

/** Mail, from one address. */
export class Notifications extends Construct {
  readonly #identity: EmailIdentity;
  readonly #sender: string;

  constructor(scope: Construct, id: string, { sender }: { sender: string }) {
    super(scope, id);
    this.#sender = sender;
    // https://www.rfc-editor.org/rfc/rfc2606
    if (/[@.]example\.(?:com|net|org)$/.test(sender)) {
      Annotations.of(this).addWarningV2(
        'slipway:exampleSender',
        `The sender ${sender} belongs to nobody: SES cannot confirm it and no mail will go out. Write your own address into cdk.json.`,
      );
    }
    this.#identity = new EmailIdentity(this, 'Sender', { identity: Identity.email(sender) });
  }

  grantSend(grantee: Grantee): void {
    allow(grantee, { actions: ['ses:SendRawEmail'], resources: [this.#identity.emailIdentityArn] });
    grantee.setVariable('SENDER', this.#sender);
  }
}
