import { exactTime } from '../../core/builds/describe-build.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { placeOf, type UrlNotification } from '../../core/url-notifications/url-notification.ts';
import { ageElement } from './times.ts';

/** What the addresses of an entry were told last, and what became of it. */
export function urlNotificationsSection(notifications: readonly UrlNotification[], now: Date): Html | undefined {
  if (notifications.length === 0) return undefined;
  return html`<section id="url-notifications"><h2>Notified addresses</h2><dl class="facts">${notifications.map((each) => row(each, now))}</dl></section>`;
}

function row(notification: UrlNotification, now: Date): Html {
  const { to, name, event } = notification;
  const { detail } = event;
  const what = 'url' in detail ? html`<a href="/builds/${detail.id}">${name}</a>` : html`${name}`;
  return html`<div><dt>${oneLine(placeOf(to), 200)}</dt><dd>${what}, ${outcomeOf(notification, now)}</dd></div>`;
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
