import { describeDuration } from '../../core/builds/describe-build.ts';
import { type Html, html } from '../../core/text/html.ts';
import type { LogView, NumberedLine } from '../log-view.ts';

interface ShownLog {
  view: LogView;
  /** The path of the page of the log, relative to this page: the address of a line begins with it. */
  page: string;
  /** The steps that went well are folded. */
  folds: boolean;
}

/**
 * The lines of a log, each with an address of its own, in the sections that the builder's headings begin. The script appends what follows,
 * from the byte and the line that the attributes name.
 */
export function logLines({ view, page, folds }: ShownLog): Html {
  const sections = sectionsOf(view.lines);
  return html`<div class="log" id="log" data-next="${view.next.byte}" data-line="${view.next.line}" tabindex="0" role="log" aria-live="off" aria-labelledby="log-title">${sections.map(
    (lines, at) =>
      section(lines, {
        page,
        isOpen: !folds || (at === sections.length - 1 && lines.length > 1),
        next: sections[at + 1]?.[0],
      }),
  )}</div>`;
}

function sectionsOf(lines: readonly NumberedLine[]): NumberedLine[][] {
  const sections: NumberedLine[][] = [];
  for (const line of lines) {
    if (line.step !== undefined || sections.length === 0) sections.push([]);
    sections.at(-1)?.push(line);
  }
  return sections;
}

interface Section {
  page: string;
  isOpen: boolean;
  /** The heading after it. */
  next: NumberedLine | undefined;
}

function section(lines: readonly NumberedLine[], { page, isOpen, next }: Section): Html {
  const [heading, ...rest] = lines;
  if (heading?.step === undefined) return html`<div>${lines.map((line) => logLine(line, page))}</div>`;
  const took = next && secondsOf(next) - secondsOf(heading);
  const hasError = lines.some(({ level }) => level === 'error');
  const note = [
    took !== undefined && describeDuration(took * 1000),
    rest.length > 0 && (rest.length === 1 ? '1 line' : `${rest.length} lines`),
  ]
    .filter(Boolean)
    .join(', ');
  return html`<details${(isOpen || hasError) && html` open`}><summary id="L${heading.number}">${heading.step} <span>${note}</span></summary>${rest.map((line) => logLine(line, page))}</details>`;
}

/** The seconds since the build began, which a heading ends with: `+0.4 s)`. */
function secondsOf({ spans }: NumberedLine): number {
  return Number(/\+(\d+\.\d) s\)$/.exec(spans.map(({ text }) => text).join(''))?.[1] ?? Number.NaN);
}

function logLine({ number, spans, level, cut }: NumberedLine, page: string): Html {
  const rest = cut > 0 && html`<i> … ${cut.toLocaleString('en')} more characters: see the whole log</i>`;
  return html`<p id="L${number}"${level && html` class="${level}"`}><a href="${page}?line=${number}#L${number}">${number}</a>${spans.map(span)}${rest}</p>
`;
}

function span({ text, colour = 0, bold = false }: NumberedLine['spans'][number]): Html {
  if (colour === 0 && !bold) return html`${text}`;
  const classes = [colour > 0 && `c${colour}`, bold && 'b'].filter(Boolean).join(' ');
  return html`<span class="${classes}">${text}</span>`;
}
