import { type Html, html } from '../../core/text/html.ts';

/** One bar of a chart, from the bottom up. */
export interface Bar {
  /** The text of the bar: `2026-11-21, released, 1 min 12 s`. */
  label: string;
  /** Where it leads. */
  href: string;
  parts: readonly { className: string; value: number }[];
}

export interface BarChart {
  /** What a screen reader says of the picture. */
  title: string;
  /** The oldest first. */
  bars: readonly Bar[];
}

const [step, gap, height] = [16, 3, 120];
/** Few bars are as narrow as many, and the places of those to come are beside them. */
const fewest = 40;
const [top, bottom] = [2, 2];
/** A bar that cannot be seen says nothing. */
const lowest = 2;

/**
 * Bars of stacked parts, each a link for who points at it. Keyboards and screen readers have the same links in the table behind the chart,
 * which is written by who shows it.
 */
export function barChart({ title, bars }: BarChart): Html {
  const most = highest(bars) || 1;
  const width = step * Math.max(bars.length, fewest);
  const end = step * bars.length;
  const scale = (height - top - bottom) / most;
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="group" aria-label="${title}">
<line class="grid" x1="0" x2="${width}" y1="${top}" y2="${top}"/><line class="grid" x1="0" x2="${width}" y1="${height - bottom}" y2="${height - bottom}"/>
${end < width && html`<line class="places" x1="${end}" x2="${width}" y1="${height - 6}" y2="${height - 6}" stroke-dasharray="${step - gap} ${gap}"/>`}
${bars.map((bar, at) => oneBar(bar, at * step, scale))}</svg>`;
}

/** The height of the highest bar, which the line at the top marks. */
export function highest(bars: readonly Bar[]): number {
  return Math.max(0, ...bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0)));
}

function oneBar({ label, href, parts }: Bar, x: number, scale: number): Html {
  let y = height - bottom;
  const rects = parts
    .filter(({ value }) => value > 0)
    .map(({ className, value }) => {
      const length = Math.max(lowest, value * scale);
      y -= length;
      return html`<rect class="${className}" x="${x}" y="${y.toFixed(0)}" width="${step - gap}" height="${length.toFixed(0)}"/>`;
    });
  // The whole column takes the pointer.
  return html`<a href="${href}" tabindex="-1"><title>${label}</title><rect class="column" x="${x}" y="${top}" width="${step - gap}" height="${height - top - bottom}"/>${rects}</a>`;
}
