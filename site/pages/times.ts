import { exactTime } from '../../core/builds/describe-build.ts';
import { type Html, html } from '../../core/text/html.ts';

/** How long ago, in the one unit that matters: `12 s ago`, `3 min ago`, `5 h ago`, `2 days ago`; after a month the date. */
export function age(time: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1000));
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.floor(hours / 24);
  if (days < 31) return days === 1 ? 'yesterday' : `${days} days ago`;
  return time.slice(0, 10);
}

/** The age, with the exact time for those who point at it and for programs. */
export function ageElement(time: string, now: Date): Html {
  return html`<time datetime="${time}" title="${exactTime(time)}">${age(time, now)}</time>`;
}
