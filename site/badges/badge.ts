import { type Html, html } from '../../core/text/html.ts';
import type { Tone } from '../tone.ts';

export interface Badge {
  /** The left part: what the value is about. */
  label: string;
  value: string;
  tone: Tone;
}

/** Each has a contrast of at least 4.5 with white text. */
const colours: Record<Tone, string> = {
  good: '#1a7f37',
  warning: '#9a5b00',
  bad: '#c0271b',
  running: '#1f5fd0',
  quiet: '#59636e',
};

/** A picture for a README. */
export function badge({ label, value, tone }: Badge): Html {
  const left = width(label);
  const right = width(value);
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${label}: ${value}">
<title>${label}: ${value}</title>
<clipPath id="r"><rect width="${left + right}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="${left}" height="20" fill="#3d444d"/><rect x="${left}" width="${right}" height="20" fill="${colours[tone]}"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">
<text x="${left / 2}" y="14" textLength="${left - 12}">${label}</text><text x="${left + right / 2}" y="14" textLength="${right - 12}">${value}</text>
</g></svg>
`;
}

/** Room for a text at 11 px Verdana, whose letters have about these widths; `textLength` makes it exact in any other font. */
function width(text: string): number {
  const letters = [...text].map((letter) => ('fijlrt '.includes(letter) ? 3.9 : 'mw'.includes(letter) ? 9.9 : 6.8));
  return Math.round(letters.reduce((sum, letter) => sum + letter, 0)) + 12;
}
