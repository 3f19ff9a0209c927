import type { NotifiedEvent, NotifyUrl } from '../model/notify-url.ts';
import { notifiedEventOf, type PublishedEvent } from '../published-events/published-event.ts';
import { oneLine } from '../text/one-line.ts';

/** What is posted to an address. */
export interface Message {
  contentType: string;
  body: string;
}

/** The message about an event, in the format of the address. The same event always gives the same text, so that its signature counts. */
export function messageOf(
  event: PublishedEvent,
  { format, siteUrl }: Pick<NotifyUrl, 'format'> & { siteUrl: string },
): Message {
  switch (format) {
    case 'cloudevents':
      return {
        contentType: 'application/cloudevents+json; charset=utf-8',
        body: JSON.stringify(cloudEvent(event, siteUrl)),
      };
    case 'slack':
      return { contentType: 'application/json', body: JSON.stringify(slackMessage(event, siteUrl)) };
    case 'teams':
      return { contentType: 'application/json', body: JSON.stringify(teamsMessage(event, siteUrl)) };
  }
}

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
function cloudEvent(event: PublishedEvent, siteUrl: string): object {
  const { detail } = event;
  return {
    specversion: '1.0',
    id: detail.id,
    source: siteUrl,
    type: `slipway.${notifiedEventOf(event)}.v${detail.version}`,
    subject: detail.project,
    time: detail.at,
    datacontenttype: 'application/json',
    data: detail,
  };
}

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
function slackMessage(event: PublishedEvent, siteUrl: string): object {
  // Slack reads these three as marks. https://docs.slack.dev/messaging/formatting-message-text#escaping
  const plain = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const { title, text } = describe(event);
  return {
    text: plain(`${title}. ${text}`),
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: `*<${linkOf(event, siteUrl)}|${plain(title)}>*` } },
      { type: 'section', text: { type: 'plain_text', text, emoji: false } },
    ],
  };
}

/** https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using */
function teamsMessage(event: PublishedEvent, siteUrl: string): object {
  const { title, text } = describe(event);
  // A text block reads Markdown, a run of text does not. https://adaptivecards.io/explorer/RichTextBlock.html
  const line = (words: string, weight: string) => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text: words, weight }],
  });
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [line(title, 'bolder'), line(text, 'default')],
          actions: [{ type: 'Action.OpenUrl', title: 'Open', url: linkOf(event, siteUrl) }],
        },
      },
    ],
  };
}

function linkOf({ detail }: PublishedEvent, siteUrl: string): string {
  return 'url' in detail ? detail.url : `${siteUrl}/projects/${detail.project.replace(':', '/')}`;
}

const verbs: Record<NotifiedEvent, string> = {
  released: 'was released',
  'rolled-back': 'was rolled back',
  held: 'is held: nothing is released',
  unheld: 'is held no longer',
  blocked: 'was blocked by the policy',
  failed: 'failed to build',
};

/** A title and one line for people. */
function describe(event: PublishedEvent): { title: string; text: string } {
  const title = `${event.detail.project} ${verbs[notifiedEventOf(event)]}`;
  return { title, text: oneLine(sentenceOf(event), 1000) };
}

function sentenceOf({ type, detail }: PublishedEvent): string {
  switch (type) {
    case 'Slipway Image Released':
      return `${detail.why}. ${detail.image.repository}@${detail.image.digest} has the tags ${detail.image.tags.join(', ')}.`;
    case 'Slipway Image Rolled Back':
      return `By ${detail.by}${detail.reason ? `: ${detail.reason}` : ''}. The tags name ${detail.image.digest}.`;
    case 'Slipway Releases Held':
      return `By ${detail.by}${detail.until ? `, until ${detail.until}` : ''}${detail.reason ? `: ${detail.reason}` : ''}.`;
    case 'Slipway Releases Unheld':
      return `By ${detail.by}${detail.reason ? `: ${detail.reason}` : ''}. What was kept back is released now.`;
    case 'Slipway Build Blocked':
      return `${detail.why}. ${detail.reasons.join(' ')}`;
    case 'Slipway Build Failed':
      return `${detail.why}. ${detail.message}`;
  }
}
