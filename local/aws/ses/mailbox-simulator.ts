import type { Account } from '../service.ts';

/** https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator */
const simulated = /^(bounce|complaint)(?:\+[^@]*)?@simulator\.amazonses\.com$/i;

interface SentMail {
  source: string;
  recipients: readonly string[];
  messageId: string;
  configurationSet: { name: string; arn: string };
  at: Date;
}

/**
 * What SES reports of a mail to its own addresses for trying, if the configuration set asks for it: `bounce@simulator.amazonses.com` and
 * `complaint@simulator.amazonses.com`. All other mails arrive.
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
 */
export function reportedEvents(mail: SentMail, reported: ReadonlySet<string>): Parameters<Account['emit']>[0][] {
  return mail.recipients.flatMap((recipient) => {
    const kind = simulated.exec(recipient)?.[1]?.toLowerCase();
    if (!kind || !reported.has(kind)) return [];
    const timestamp = mail.at.toISOString();
    const common = {
      mail: {
        timestamp,
        source: mail.source,
        messageId: mail.messageId,
        destination: [...mail.recipients],
        tags: { 'ses:configuration-set': [mail.configurationSet.name] },
      },
    };
    const feedbackId = mail.messageId;
    const event =
      kind === 'bounce'
        ? {
            'detail-type': 'Email Bounced',
            detail: {
              eventType: 'Bounce',
              bounce: {
                bounceType: 'Permanent',
                bounceSubType: 'General',
                bouncedRecipients: [
                  {
                    emailAddress: recipient,
                    action: 'failed',
                    status: '5.1.1',
                    diagnosticCode: 'smtp; 550 5.1.1 user unknown',
                  },
                ],
                timestamp,
                feedbackId,
                reportingMTA: 'dsn; a8-70.smtp-out.amazonses.com',
              },
              ...common,
            },
          }
        : {
            'detail-type': 'Email Complaint Received',
            detail: {
              eventType: 'Complaint',
              complaint: {
                complainedRecipients: [{ emailAddress: recipient }],
                timestamp,
                feedbackId,
                complaintSubType: null,
                complaintFeedbackType: 'abuse',
              },
              ...common,
            },
          };
    return [{ source: 'aws.ses', resources: [mail.configurationSet.arn], ...event }];
  });
}
