import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { ConfigurationSet, EmailIdentity, EmailSendingEvent, EventDestination, Identity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import type { Config } from './config.ts';
import { allow, type Grantee } from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Secrets } from './secrets.ts';
import { addressAttributes, type State } from './state.ts';

/** Mail, from one address. */
export class Notifications extends Construct {
  readonly #sender: string;
  readonly #state: State;
  readonly #secrets: Secrets;
  readonly #confirmAddresses: boolean;
  readonly #configurationSet: ConfigurationSet;
  readonly recordMailFailures: PipelineFunction;
  readonly rule: Rule;

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

    this.#configurationSet = new ConfigurationSet(this, 'Mails');
    this.#configurationSet.addEventDestination('Failures', {
      destination: EventDestination.eventBus(EventBus.fromEventBusName(this, 'Bus', 'default')),
      events: [EmailSendingEvent.BOUNCE, EmailSendingEvent.COMPLAINT],
    });
    this.recordMailFailures = new PipelineFunction(this, 'RecordMailFailures', {
      description: 'Records the addresses that mails do not reach, so that they get no more.',
      timeout: Duration.minutes(1),
      memoryMegabytes: 512,
    });
    state.addresses.grantUpdate(this.recordMailFailures, ...addressAttributes.reported);
    this.rule = new Rule(this, 'MailFailed', {
      description: 'A mail bounced, or its recipient marked it as spam.',
      eventPattern: {
        source: ['aws.ses'],
        detailType: ['Email Bounced', 'Email Complaint Received'],
        // Other senders of the account have sets of their own.
        detail: { mail: { tags: { 'ses:configuration-set': [this.#configurationSet.configurationSetName] } } },
      },
      targets: [new LambdaFunction(this.recordMailFailures.function, { maxEventAge: Duration.days(1) })],
    });
  }

  /**
   * The condition limits the permission. SES checks the permission on the identity of the sender, and also on that of a recipient where
   * the account has one, as it always does in the sandbox: with the sender's ARN alone no mail would go out there. It checks it on the
   * configuration set too. https://github.com/aws/aws-sdk-js/issues/3641
   */
  grantSend(grantee: Grantee): void {
    const { configurationSetName } = this.#configurationSet;
    allow(grantee, {
      actions: ['ses:SendRawEmail'],
      resources: [this.#arnOf('identity', '*'), this.#arnOf('configuration-set', configurationSetName)],
      conditions: { StringEquals: { 'ses:FromAddress': this.#sender } },
      because: 'The wildcard stands for recipients; the condition leaves one sender.',
    });
    grantee.setVariable('SENDER', this.#sender);
    grantee.setVariable('MAIL_CONFIGURATION_SET', configurationSetName);
    this.#state.mails.grant(grantee, 'GetItem', 'UpdateItem');
    grantee.setVariable('TRUST_ADDRESSES', String(!this.#confirmAddresses));
    this.#state.addresses.grant(grantee, 'BatchGetItem');
    if (this.#confirmAddresses) this.#state.addresses.grantUpdate(grantee, ...addressAttributes.asked);
    this.#secrets.grantSeal(grantee);
  }

  #arnOf(resource: string, resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'ses', resource, resourceName });
  }

  /** Lets the pages show who gets mails, and write what an address answers. */
  grantAnswers(grantee: Grantee): void {
    grantee.setVariable('TRUST_ADDRESSES', String(!this.#confirmAddresses));
    this.#state.addresses.grant(grantee, 'GetItem', 'BatchGetItem');
    this.#state.addresses.grantUpdate(grantee, ...addressAttributes.answered);
  }
}
