import type { Waiver } from '../../core/policy/waivers.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';

/** Says who accepted a finding, until when, and why. */
export function acceptedNote({ by, reason, expires }: Waiver): Html {
  return html`<span class="why">Accepted until ${expires} by ${oneLine(by, 200)}: ${oneLine(reason, 300)}</span>`;
}
