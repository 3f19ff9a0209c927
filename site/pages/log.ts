import type { Build } from '../../core/model/build.ts';
import { isTerminal } from '../../core/model/build.ts';
import { type Platform, partOf } from '../../core/model/platform.ts';
import { type Html, html } from '../../core/text/html.ts';
import type { LogMatches, LogView } from '../log-view.ts';
import { layout } from './layout.ts';
import { logLines } from './log-lines.ts';
import { buildTrail } from './project-path.ts';
import { buildChip } from './status.ts';

export interface LogPage {
  build: Build;
  /** The build's id, or that of its part for one platform. */
  recordedAs: string;
  view: LogView;
  /** What was searched for; empty for nothing. */
  text: string;
  found: LogMatches | undefined;
}

/** The log of a build around a line, or the lines that a search found. */
export function logPage({ build, recordedAs, view, text, found }: LogPage): Html {
  return layout({
    title: `Log of ${build.project}`,
    here: '/',
    trail: buildTrail(build),
    live: found === undefined && !isTerminal(build.status) && view.atEnd,
    main: html`<div class="head title"><h1 id="log-title">Log</h1><span id="state" data-part>${buildChip(build)}</span></div>
${logTools(build, recordedAs, text)}
${found ? matches(found, text) : lines(build, view)}`,
  });
}

/** The search and the whole log, for this page and for that of the build. */
export function logTools({ platforms = [] }: Build, id: string, text = ''): Html {
  return html`${platforms.length > 0 && platformLinks(platforms, id)}<div class="tools">
<form role="search" aria-label="Log" action="/builds/${id}/log"><label for="find" class="unseen">Search the log</label><input id="find" type="search" name="q" value="${text}" maxlength="200" placeholder="Search the log"><button>Search</button></form>
<span><a href="/builds/${id}/log">From the start</a> · <a href="/builds/${id}/log?line=last">From the end</a> · <a href="/api/v1/builds/${id}/log">As text</a> · <a href="/api/v1/builds/${id}/log" download="build-${id.replace('/', '-')}.log">Download</a></span>
</div>`;
}

/** Each platform has a log of its own. */
function platformLinks(platforms: readonly Platform[], recordedAs: string): Html {
  const [id] = recordedAs.split('/');
  const links = platforms.map((platform) =>
    recordedAs === partOf(id ?? '', platform)
      ? html`<li aria-current="true">${platform}</li>`
      : html`<li><a href="/builds/${partOf(id ?? '', platform)}/log">${platform}</a></li>`,
  );
  return html`<ul class="links" aria-label="Logs by platform">${links}</ul>`;
}

function lines({ status }: Build, view: LogView): Html {
  const [first, last] = [view.lines[0]?.number ?? 1, view.lines.at(-1)?.number ?? 1];
  const marked = view.lines.filter(({ level }) => level === 'error').slice(0, 10);
  return html`${marked.length > 0 && html`<p class="marked">Errors in lines ${marked.map(({ number }) => html`<a href="?line=${number}#L${number}">${number}</a> `)}</p>`}
${view.lines.length > 0 ? logLines({ view, page: '', folds: false }) : html`<p class="empty">${isTerminal(status) ? 'This build has no log, or it was removed.' : 'Nothing has been logged yet.'}</p>`}
<nav class="pager" aria-label="Parts of the log">
${first > 1 && html`<a href="?line=${Math.max(1, first - 200)}">← Earlier lines</a>`}
${!view.atEnd && html`<a rel="next" href="?line=${last + 1}">Later lines →</a>`}
</nav>`;
}

function matches({ matches, next }: LogMatches, text: string): Html {
  const count = matches.length === 1 ? '1 line has' : `${matches.length} lines have`;
  const more =
    next !== undefined &&
    html`<p><a href="?${new URLSearchParams({ q: text, line: String(next) }).toString()}">Search from line ${next.toLocaleString('en')} on</a></p>`;
  if (matches.length === 0)
    return html`<p class="empty">No line ${next === undefined ? '' : `before line ${next.toLocaleString('en')} `}has “${text}”.</p>${more}`;
  return html`<p role="status">${next !== undefined && 'The first '}${count} “${text}”.</p>
<div class="log found">${matches.map(
    ({ number, before, found, after }) =>
      html`<p><a href="?line=${number}#L${number}">${number}</a>${before}<mark>${found}</mark>${after}</p>
`,
  )}</div>${more}`;
}
