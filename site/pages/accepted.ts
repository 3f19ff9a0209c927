import type { Acceptance } from '../../core/acceptance.ts';
import { oneLine } from '../../core/build-words.ts';
import { type Html, html } from '../../core/html.ts';

/** That a finding is accepted: by whom, until when, and why. */
export function acceptedNote({ by, reason, expires }: Acceptance): Html {
  return html`<span class="why">Accepted until ${expires} by ${oneLine(by, 200)}: ${oneLine(reason, 300)}</span>`;
}
