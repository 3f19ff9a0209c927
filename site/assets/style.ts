/** The site's one style sheet. Colours are pairs for light and dark; every text has a contrast of 4.5 or more on its ground. */
export const style = `:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #0e1116);
  --card: light-dark(#ffffff, #161b22);
  --line: light-dark(#dfe3e8, #2a313b);
  --text: light-dark(#191c20, #e4e8ee);
  --quiet: light-dark(#57606c, #9aa5b3);
  --link: light-dark(#1a56c4, #7fb0ff);
  --good: light-dark(#17703a, #57cf8b);
  --warning: light-dark(#8a5000, #f0b35c);
  --bad: light-dark(#b3261e, #ff8d80);
  --running: light-dark(#1a56c4, #7fb0ff);
  --good-ground: light-dark(#e3f5e9, #10291b);
  --warning-ground: light-dark(#fdf1dc, #2e2210);
  --bad-ground: light-dark(#fdeae8, #331714);
  --running-ground: light-dark(#e6effd, #13233d);
  --quiet-ground: light-dark(#eceff2, #21262e);
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.wide { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
button { padding: .45rem 1rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--card); color: var(--link); font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--card); }
.skip:focus { left: 0; z-index: 1; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.top { background: var(--card); border-bottom: 1px solid var(--line); }
.top .wide { display: flex; align-items: center; justify-content: space-between; gap: 1rem; height: 3.5rem; }
.top nav { display: flex; gap: 1.25rem; }
.top nav a { color: var(--text); padding: .5rem 0; }
.brand { display: inline-flex; align-items: center; gap: .5rem; color: var(--text); font-weight: 650; font-size: 1.05rem; }
.brand svg { width: 1.6rem; height: 1.6rem; fill: var(--link); }
main.wide { padding-block: 1.75rem 1rem; }
footer.wide { padding-block: 1rem 2.5rem; font-size: .875rem; }
h1 { font-size: 1.55rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; letter-spacing: -.01em; }
h1 a { color: inherit; }
h2 { font-size: 1rem; margin: 0 0 .6rem; }
section { margin-top: 1.75rem; }
code, pre { font-family: var(--mono); font-size: .875em; }
.quiet { color: var(--quiet); }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem 1rem; margin-bottom: .9rem; justify-content: space-between; }
#build > .head { justify-content: flex-start; margin-bottom: .35rem; }
section .head h2 { margin: 0; }
.meaning { margin: 0; color: var(--quiet); }
.icon { width: 1em; height: 1em; flex: none; fill: none; stroke: currentColor; stroke-width: 2.25; stroke-linecap: round; stroke-linejoin: round; }
.icon.good { color: var(--good); } .icon.warning { color: var(--warning); } .icon.bad { color: var(--bad); }
.icon.running { color: var(--running); animation: turn 1.1s linear infinite; } .icon.quiet { color: var(--quiet); }
@keyframes turn { to { rotate: 1turn; } }
.chip { display: inline-flex; align-items: center; gap: .4rem; padding: .1rem .65rem .1rem .5rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600; white-space: nowrap; justify-self: start; }
.chip.good { color: var(--good); background: var(--good-ground); }
.chip.warning { color: var(--warning); background: var(--warning-ground); }
.chip.bad { color: var(--bad); background: var(--bad-ground); }
.chip.running { color: var(--running); background: var(--running-ground); }
.chip.quiet { color: var(--quiet); background: var(--quiet-ground); }
.filters { display: flex; flex-wrap: wrap; gap: .25rem; font-size: .875rem; }
.filters a { padding: .25rem .7rem; border-radius: 1rem; color: var(--quiet); }
.filters a[aria-current] { background: var(--quiet-ground); color: var(--text); font-weight: 600; }
.rows, .stages { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.rows li { display: grid; grid-template-columns: 8rem minmax(0, 1fr) minmax(0, 11rem) 8rem; gap: .25rem 1rem; align-items: center; padding: .8rem 1rem; }
.rows li + li { border-top: 1px solid var(--line); }
.what a { font-weight: 600; overflow-wrap: anywhere; }
.why, .where, .when { font-size: .875rem; color: var(--quiet); }
.why { display: block; overflow-wrap: anywhere; }
.where { display: flex; gap: .5rem; min-width: 0; justify-content: flex-end; }
.ref { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.when { display: flex; flex-direction: column; text-align: right; white-space: nowrap; }
.empty { padding: 2rem 1rem; text-align: center; color: var(--quiet); background: var(--card); border: 1px dashed var(--line); border-radius: .6rem; }
.pager { display: flex; justify-content: space-between; margin-top: 1rem; }
.pager a[rel=next] { margin-left: auto; }
.note { margin-top: 1.25rem; padding: .9rem 1.1rem; border-radius: .6rem; border: 1px solid var(--line); border-left: 4px solid var(--quiet); background: var(--card); }
.note.good { border-left-color: var(--good); } .note.warning { border-left-color: var(--warning); } .note.bad { border-left-color: var(--bad); }
.note h2 { margin-bottom: .35rem; }
.note p { margin: .35rem 0 0; overflow-wrap: anywhere; }
.note .quiet { font-size: .875rem; }
h3 { font-size: .9375rem; margin: .9rem 0 0; }
.small { font-size: .8125rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary + .findings { margin-top: .6rem; }
.note summary { margin-top: .9rem; font-weight: 600; font-size: .9375rem; }
.card { padding: .6rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; margin-top: .5rem; }
.card summary { font-weight: 600; }
.findings { width: 100%; table-layout: fixed; border-collapse: separate; border-spacing: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; font-size: .9375rem; }
.findings th { text-align: left; font-size: .8125rem; color: var(--quiet); font-weight: 600; }
.findings th, .findings td { padding: .45rem .6rem; vertical-align: top; overflow-wrap: anywhere; }
.findings th:first-child, .findings td:first-child { padding-left: 1rem; white-space: nowrap; }
.findings th:first-child { width: 8rem; } .findings th:nth-child(2) { width: 34%; }
.findings td { border-top: 1px solid var(--line); }
.findings .accepted td:not(:nth-child(2)) { color: var(--quiet); }
.findings .why { font-size: .8125rem; }
.severity { font-weight: 600; }
.severity.critical, .severity.high { color: var(--bad); } .severity.medium, .severity.undefined { color: var(--warning); }
.accepted .severity { color: var(--quiet); font-weight: 400; }
.scanners { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.scanner { padding: .6rem 1rem; }
.scanner + .scanner { border-top: 1px solid var(--line); }
.scanner > .icon, .scanner summary .icon { vertical-align: -.125em; margin-right: .35rem; }
.scanner .result { margin: 0 .5rem; }
.scanner .reason { margin: .25rem 0 0 1.4rem; font-size: .9375rem; color: var(--quiet); overflow-wrap: anywhere; }
.scanner .command { margin-top: .4rem; max-height: 24rem; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--ground); }
.scanner .why { display: block; }
.counts { display: flex; flex-wrap: wrap; gap: .4rem 1.25rem; margin: 0; padding: 0; list-style: none; }
.counts .critical b, .counts .high b { color: var(--bad); } .counts .medium b { color: var(--warning); }
.reasons { margin: .5rem 0 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.reasons li + li { margin-top: .25rem; }
.stages { padding: .35rem 0; }
.stages li { display: grid; grid-template-columns: 1rem 4.5rem minmax(0, 1fr) 6rem; gap: .75rem; align-items: center; padding: .35rem 1rem; }
.stages li > span:last-child { text-align: right; font-size: .875rem; color: var(--quiet); white-space: nowrap; font-variant-numeric: tabular-nums; }
.absent { color: var(--quiet); }
.bar { width: 100%; height: .5rem; border-radius: .25rem; background: var(--quiet-ground); display: block; }
rect.good { fill: var(--good); } rect.bad { fill: var(--bad); } rect.running { fill: var(--running); } rect.quiet { fill: var(--quiet); }
.facts { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .35rem 0; }
.facts div { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: 1rem; padding: .35rem 1rem; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.facts .reasons { margin: 0; }
.facts + h2 { margin-top: 1.75rem; }
.tags code { display: inline-block; padding: 0 .45rem; border-radius: .3rem; background: var(--quiet-ground); margin: .1rem .1rem .1rem 0; }
.long { overflow-wrap: anywhere; }
pre { margin: 0; }
.command { padding: .75rem 1rem; border-radius: .6rem; background: var(--card); border: 1px solid var(--line); overflow-x: auto; margin-bottom: .6rem; }
.command code { user-select: all; }
.log { background: #0d1117; color: #d7dee7; padding: .9rem 1rem; border-radius: .6rem; border: 1px solid var(--line); font-size: .8125rem; line-height: 1.45; max-height: 70vh; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; min-height: 3.5rem; }
@media (max-width: 42rem) {
  .top .wide { flex-wrap: wrap; height: auto; min-height: 3.5rem; gap: 0 1rem; }
  .wide { padding-inline: 1rem; }
  .rows li { grid-template-columns: auto minmax(0, 1fr); row-gap: .4rem; }
  .what { grid-column: 1 / -1; grid-row: 2; }
  .when { grid-column: 2; grid-row: 1; flex-direction: row; gap: .6rem; justify-content: flex-end; }
  .where { grid-column: 1 / -1; justify-content: flex-start; }
  .stages li { grid-template-columns: 1rem 4rem minmax(0, 1fr) 5rem; gap: .5rem; }
  .facts div { grid-template-columns: 1fr; gap: 0; }
  .findings thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .findings tr { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .1rem .75rem; padding: .6rem 1rem; }
  .findings tbody, .findings { display: block; }
  .findings tr + tr { border-top: 1px solid var(--line); }
  .findings td, .findings td:first-child { border: 0; padding: 0; }
  .findings td:nth-child(n+3) { grid-column: 1 / -1; }
  .findings td:nth-child(n+3)::before { content: attr(data-label) ": "; color: var(--quiet); }
}
@media (prefers-reduced-motion: reduce) { .icon.running { animation: none; } }
@media print { .log { max-height: none; } .top nav, footer { display: none; } }
`;
