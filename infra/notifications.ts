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
    this.#identity = new EmailIdentity(this, 'Sender', { identity: Identity.email(sender) });
  }

  grantSend(grantee: Grantee): void {
    allow(grantee, { actions: ['ses:SendRawEmail'], resources: [this.#identity.emailIdentityArn] });
    grantee.setVariable('SENDER', this.#sender);
  }
}
