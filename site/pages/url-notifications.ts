import { exactTime } from '../../core/builds/describe-build.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { buildOf } from '../../core/url-notifications/describe-notification.ts';
import { placeOf, type UrlNotification } from '../../core/url-notifications/url-notification.ts';
import { layout, pager } from './layout.ts';
import { projectPath, projectTrail } from './project-path.ts';
import { icon } from './status.ts';
import { ageElement } from './times.ts';

const listPath = (project: string): string => `${projectPath(project)}/notifications`;

/** The last notifications sent to the addresses of an entry, and their outcome. */
export function urlNotificationsSection(
  project: string,
  notifications: readonly UrlNotification[],
  now: Date,
): Html | undefined {
  if (notifications.length === 0) return undefined;
  return html`<section id="url-notifications"><h2>Notified addresses</h2><dl class="facts">${notifications.map((each) => fact(each, now))}</dl>
<p><a href="${listPath(project)}">All of the last 30 days</a></p></section>`;
}

function fact(notification: UrlNotification, now: Date): Html {
  const name = eventLink(notification);
  return html`<div><dt>${oneLine(placeOf(notification.to), 200)}</dt><dd>${name}, ${outcomeOf(notification, now)}</dd></div>`;
}

function eventLink(notification: UrlNotification): Html {
  const build = buildOf(notification);
  return build ? html`<a href="/builds/${build}">${notification.name}</a>` : html`${notification.name}`;
}

function outcomeOf({ state, error, dueAt, endedAt }: UrlNotification, now: Date): Html {
  switch (state) {
    case 'delivered':
      return html`delivered ${endedAt && html`<span class="quiet">${ageElement(endedAt, now)}</span>`}`;
    case 'failed':
      return html`<b>given up</b>: ${oneLine(error ?? '', 300)}`;
    case 'pending':
      return error === undefined || dueAt === undefined
        ? html`being sent`
        : html`not delivered yet: ${oneLine(error, 300)} It is tried again at ${exactTime(dueAt)}.`;
  }
}

export interface UrlNotificationListPage {
  project: string;
  notifications: UrlNotification[];
  cursor: string | null;
  query: URLSearchParams;
  now: Date;
}

/** The notifications sent to the addresses of the entry, and how those that were given up are sent again. */
export function urlNotificationListPage(shown: UrlNotificationListPage): Html {
  const { project, notifications, cursor, query, now } = shown;
  const path = listPath(project);
  const someFailed = notifications.some(({ state }) => state === 'failed');
  return layout({
    title: `Notified addresses of ${project}`,
    here: '/projects',
    trail: projectTrail(project),
    api: `/api/v1${path}`,
    main: html`<div class="head"><h1>Notified addresses</h1></div>
<p class="meaning">Releases, holds and failures that were posted to the addresses which the entry names, for 30 days.</p>
${someFailed && html`<p>What was given up can be sent again, by whoever may:</p><pre class="command" tabindex="0" data-copy><code>npx slipway redeliver ${project}</code></pre>`}
<section>${notifications.length > 0 ? html`<ol class="rows">${notifications.map((each) => row(each, now))}</ol>` : html`<p class="empty">None${query.has('cursor') ? ' before these' : ' yet. The key notify-url of the entry names addresses'}.</p>`}</section>
${pager(path, query, cursor)}`,
  });
}

const chips = {
  delivered: { tone: 'good', word: 'delivered' },
  failed: { tone: 'bad', word: 'given up' },
  pending: { tone: 'running', word: 'pending' },
} as const;

function row(notification: UrlNotification, now: Date): Html {
  const { id, to, state, error, dueAt, failures, event } = notification;
  const { tone, word } = chips[state];
  const again =
    state === 'pending' && error !== undefined && dueAt !== undefined && ` It is tried again at ${exactTime(dueAt)}.`;
  const tries =
    state === 'delivered' && failures > 0 && `after ${failures === 1 ? 'one failure' : `${failures} failures`}`;
  return html`<li id="${id}">
<span class="chip ${tone}">${icon(tone)}${word}</span>
<div class="what">${eventLink(notification)}<span class="why">${state === 'delivered' ? tries : oneLine(error ?? '', 300)}${again}</span></div>
<div class="where"><span>${oneLine(placeOf(to), 200)}</span>${state === 'failed' && html`<code class="why">${id}</code>`}</div>
<div class="when">${ageElement(event.detail.at, now)}</div>
</li>`;
}
