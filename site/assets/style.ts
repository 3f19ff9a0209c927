/** The site's one style sheet. Colours are pairs for light and dark; every text has a contrast of 4.5 or more on its ground. */
export const style = `:root {
  color-scheme: light dark;
  --ground: light-dark(#f4f6f7, #0c1219);
  --card: light-dark(#ffffff, #141c25);
  --line: light-dark(#d9e0e5, #2a3541);
  --text: light-dark(#14202b, #e3e9ef);
  --quiet: light-dark(#54616d, #9dabb9);
  --link: light-dark(#0b5cad, #82b7ff);
  --good: light-dark(#14693a, #5bd08f);
  --warning: light-dark(#855000, #f0b35c);
  --bad: light-dark(#b3261e, #ff8d80);
  --running: light-dark(#0b5cad, #82b7ff);
  --good-ground: light-dark(#e2f4e9, #10291b);
  --warning-ground: light-dark(#fdf0d8, #2e2210);
  --bad-ground: light-dark(#fce8e6, #331714);
  --running-ground: light-dark(#e3eefb, #13233d);
  --quiet-ground: light-dark(#e9eef1, #212b36);
  --top: light-dark(#0d2b45, #0a1a2a);
  --buoy: #ffb454;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.wide { max-width: 74rem; margin: 0 auto; padding: 0 1.25rem; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
p a, dd a, .why a { text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: .15em; text-decoration-color: color-mix(in srgb, currentColor 45%, transparent); }
button { padding: .45rem 1rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--card); color: var(--link); font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--card); }
.skip:focus { left: 0; z-index: 1; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.top { background: var(--top); color: #fff; border-bottom: 3px solid var(--buoy); }
.top .wide { display: flex; align-items: center; justify-content: space-between; gap: 1rem; height: 3.5rem; }
.top nav { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin-right: auto; }
.top nav a { color: #e6eef5; padding: .5rem 0; border-bottom: 2px solid transparent; }
.top nav a[aria-current] { color: #fff; border-bottom-color: var(--buoy); }
.top form { display: flex; }
.top :focus-visible { outline-color: var(--buoy); }
.top input { width: 17rem; max-width: 46vw; background: #ffffff1f; color: #fff; border-color: #ffffff66; }
.top input::placeholder { color: #d5dfe8; opacity: 1; }
.brand { display: inline-flex; align-items: center; gap: .5rem; color: #fff; font-weight: 650; font-size: 1.05rem; margin-right: 1rem; }
.brand svg { width: 1.6rem; height: 1.6rem; fill: var(--buoy); }
main.wide { padding-block: 1.75rem 1rem; }
footer.wide { padding-block: 1rem 2.5rem; font-size: .875rem; }
h1 { font-size: 1.55rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; letter-spacing: -.01em; }
h1 a { color: inherit; text-decoration: underline 1px color-mix(in srgb, currentColor 35%, transparent); text-underline-offset: .15em; }
.trail { margin-bottom: .35rem; font-size: .875rem; color: var(--quiet); overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .6rem; }
section { margin-top: 1.75rem; }
code, pre { font-family: var(--mono); font-size: .875em; } pre code { font-size: inherit; }
.quiet { color: var(--quiet); }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem 1rem; margin-bottom: .9rem; justify-content: space-between; }
section .head h2 { margin: 0; }
.meaning { margin: 0; color: var(--quiet); }
.head.title { justify-content: flex-start; margin-bottom: .35rem; } h2.title { font-size: 1.15rem; }
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
.rows { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.rows li { display: grid; grid-template-columns: 8rem minmax(0, 1fr) fit-content(11rem) 7.5rem; gap: .25rem 1rem; align-items: center; padding: .8rem 1rem; }
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
summary + .findings, summary + .command { margin-top: .6rem; }
.note summary { margin-top: .9rem; font-weight: 600; font-size: .9375rem; }
.card { padding: .6rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; margin-top: .5rem; }
.card summary { font-weight: 600; }
.findings { width: 100%; table-layout: fixed; border-collapse: separate; border-spacing: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; font-size: .9375rem; }
.findings th { text-align: left; font-size: .8125rem; color: var(--quiet); font-weight: 600; }
.findings th, .findings td { padding: .45rem .6rem; vertical-align: top; overflow-wrap: anywhere; }
.findings th:first-child, .findings td:first-child { padding-left: 1rem; white-space: nowrap; }
.findings th:first-child { width: 7rem; } .findings th:nth-child(2) { width: 29%; } .findings th:nth-child(3) { width: 26%; }
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
.absent { color: var(--quiet); }
.bar { width: 100%; height: .5rem; border-radius: .25rem; background: var(--quiet-ground); display: block; }
rect.good { fill: color-mix(in srgb, var(--good) 78%, var(--card)); } rect.bad { fill: var(--bad); } rect.running { fill: var(--running); } rect.quiet { fill: var(--quiet); }
.facts { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .35rem 0; }
.facts div { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: 1rem; padding: .35rem 1rem; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.facts .reasons { margin: 0; padding: 0; list-style: none; }
.facts + h2 { margin-top: 1.75rem; }
.tags code { display: inline-block; padding: 0 .45rem; border-radius: .3rem; background: var(--quiet-ground); margin: .1rem .1rem .1rem 0; }
.long { overflow-wrap: anywhere; }
pre { margin: 0; }
.meaning + .command, .meaning + .rows { margin-top: .75rem; }
.command { padding: .75rem 1rem; border-radius: .6rem; background: var(--card); border: 1px solid var(--line); overflow-x: auto; margin-bottom: .6rem; }
.command code { user-select: all; }
.command[data-copy] { white-space: pre-wrap; overflow-wrap: anywhere; } .command:has(.copy) { position: relative; padding-right: 5.5rem; }
.log { background: #0d1117; color: #d7dee7; padding: .6rem 0; border-radius: .6rem; border: 1px solid var(--line); font: .8125rem/1.5rem var(--mono); max-height: 70vh; overflow: auto; min-height: 3.5rem; }
.log.found, main:has(h1#log-title) .log { max-height: none; }
.log p { margin: 0; padding: 0 1rem 0 4.75rem; position: relative; overflow: clip; overflow-wrap: anywhere; white-space: pre-wrap; min-height: 1.5rem; }
.log p > a:first-child { position: absolute; left: 0; width: 4rem; text-align: right; color: #8b98a5; text-decoration: none; user-select: none; }
.log p > a:first-child:hover { color: #fff; text-decoration: underline; }
.log p:target { background: #3b3410; } .log p:target > a:first-child { color: #ffd86b; }
.log .error { background: #3a1519; box-shadow: inset 3px 0 #ff8a80; }
.log .warning { background: #2f2710; box-shadow: inset 3px 0 #e3b341; }
.log summary { padding: .2rem 1rem .2rem 1.2rem; color: #fff; font-weight: 600; } .log summary span { color: #9fb0c0; font-weight: 400; }
.log mark { background: #e3b341; color: #0d1117; } .log i { color: #9fb0c0; }
.b { font-weight: 700; }
.c1, .c9 { color: #ff8a80; } .c2, .c10 { color: #7ee787; } .c3, .c11 { color: #e3b341; } .c4, .c12 { color: #79b8ff; } .c5, .c13 { color: #d2a8ff; } .c6, .c14 { color: #76e3ea; } .c8 { color: #9fb0c0; } .c15 { color: #fff; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; justify-content: space-between; margin: .6rem 0; font-size: .9375rem; }
form.tools { justify-content: flex-start; }
.tools form { display: flex; gap: .4rem; min-width: 0; }
.tools label { display: flex; flex-wrap: wrap; gap: .1rem .5rem; align-items: center; }
input, select { font: inherit; padding: .35rem .6rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--card); color: var(--text); min-width: 0; max-width: 100%; }
.marked { color: var(--bad); font-weight: 600; } 
.course { margin: .2rem 0 0; color: var(--quiet); font-size: .9375rem; overflow-wrap: anywhere; }
.overview { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); margin-bottom: 1.75rem; }
.overview:empty { display: none; }
.overview .card { margin: 0; padding: .8rem 1.1rem .6rem; border-left: 4px solid var(--quiet); }
.overview .good { border-left-color: var(--good); } .overview .warning { border-left-color: var(--warning); } .overview .bad { border-left-color: var(--bad); } .overview .running { border-left-color: var(--running); }
.calm { display: flex; align-items: center; gap: .6rem; margin: 0; color: var(--quiet); } .calm .icon { color: var(--good); }
.brief { list-style: none; margin: 0; padding: 0; }
.brief li { display: flex; gap: .7rem; padding: .35rem 0; } .brief .icon { margin-top: .3em; } .brief .what { flex: 1; min-width: 0; }
@media (min-width: 42.01rem) { .amounts :is(th, td):not(:first-child) { text-align: right; width: 8rem; } .amounts :is(th, td):last-child { padding-right: 1rem; } }
.columns { display: grid; gap: 0 2rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 64rem) {
  .columns { grid-template-columns: minmax(0, 1fr) 23rem; }
  .columns .facts { font-size: .9375rem; } .columns > :last-child .facts div { grid-template-columns: 5.75rem minmax(0, 1fr); gap: .75rem; }
  .columns .rows li { grid-template-columns: 7.75rem minmax(0, 1fr) fit-content(8.5rem) 5.25rem; }
}
.waterfall { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .35rem 0; font-variant-numeric: tabular-nums; }
.waterfall th { font-weight: 500; text-align: left; padding: .3rem .5rem .3rem 1rem; width: 8.5rem; white-space: nowrap; }
.waterfall th .icon { margin-right: .6rem; vertical-align: -.125em; }
.waterfall td { padding: .3rem 0; } .waterfall td:last-child { text-align: right; padding: .3rem 1rem .3rem .75rem; width: 6.5rem; font-size: .875rem; color: var(--quiet); white-space: nowrap; }
.waterfall .step th { padding-left: 2.65rem; font-weight: 400; font-size: .875rem; color: var(--quiet); } .waterfall .step .bar { height: .3rem; } .waterfall .step rect { opacity: .6; }
.waterfall .step th, .waterfall .step td { padding-block: .1rem; }
.chart { display: block; width: 100%; height: 5.5rem; margin: .5rem 0 .2rem; } .chart + p { margin: 0; } .chart .grid { stroke: var(--line); vector-effect: non-scaling-stroke; }
.chart .places { stroke: var(--quiet-ground); stroke-width: 7; } .chart .column { fill: transparent; } .chart a:hover .column, .chart a:focus-visible .column { fill: var(--quiet-ground); }
rect.warning { fill: var(--warning); } rect.critical { fill: var(--bad); } rect.high { fill: color-mix(in srgb, var(--bad) 70%, var(--card)); } rect.medium { fill: var(--warning); } rect.low, rect.informational, rect.undefined { fill: var(--quiet); opacity: .6; }
figure { margin: 0 0 .9rem; } figcaption { display: flex; justify-content: space-between; gap: 1rem; font-weight: 600; font-size: .9375rem; margin-bottom: .25rem; }
#history summary { font-size: .8125rem; font-weight: 400; color: var(--quiet); } #history .card { margin: 0; }
.plain { border-collapse: collapse; font-size: .875rem; width: 100%; } .plain th { text-align: left; } .plain td, .plain th { padding: .2rem .4rem .2rem 0; overflow-wrap: anywhere; }
.tag-table th:first-child, .tag-table td:first-child { white-space: normal; width: 36%; } .tag-table th:nth-child(3) { width: 6rem; } .tag-table th:nth-child(4) { width: 7.5rem; }
.amounts { font-variant-numeric: tabular-nums; }
.graph { overflow-x: auto; padding: .9rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.graph svg { display: block; } .graph text { fill: var(--text); font-size: 12.5px; } .graph .said { font-size: 11px; fill: var(--quiet); }
.graph .edges path { fill: none; stroke: var(--quiet); stroke-width: 1.25; }
.graph .node { fill: var(--card); stroke: var(--quiet); stroke-width: 1.25; } .graph .node.good { fill: var(--good-ground); stroke: var(--good); } .graph .node.bad { fill: var(--bad-ground); stroke: var(--bad); } .graph .node.warning { fill: var(--warning-ground); stroke: var(--warning); } .graph .node.running { fill: var(--running-ground); stroke: var(--running); }
.graph a:hover text { text-decoration: underline; }
.links + details { margin-top: .6rem; font-size: .9375rem; }
.links { margin: 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
.copy { position: absolute; top: .52rem; right: .5rem; min-width: 4.4rem; padding: .2rem .6rem; font: 600 .8125rem/1.4 system-ui, sans-serif; }
@media (max-width: 42rem) {
  .top .wide { flex-wrap: wrap; height: auto; min-height: 3.5rem; gap: 0 1rem; padding-block: .5rem 0; }
  .wide { padding-inline: 1rem; }
  .rows li { grid-template-columns: auto minmax(0, 1fr); row-gap: .4rem; }
  .what { grid-column: 1 / -1; grid-row: 2; }
  .when { grid-column: 2; grid-row: 1; flex-flow: row wrap; gap: 0 .6rem; justify-content: flex-end; }
  .where { grid-column: 1 / -1; justify-content: flex-start; }
  .top form { flex: 1 1 100%; padding-bottom: .6rem; } .top input { width: 100%; max-width: none; }
  .tag-table td:first-child { width: auto; grid-column: 1 / -1; }
  .waterfall th { width: 6.6rem; padding-left: .75rem; } .waterfall .step th { padding-left: 2.2rem; } .waterfall td:last-child { width: 4.9rem; padding-right: .75rem; }
  .log p { padding: 0 .6rem 0 3.3rem; } .log p > a:first-child { width: 2.8rem; font-size: .75rem; }
  .facts div { grid-template-columns: 1fr; gap: 0; }
  .brief li { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 .7rem; } .brief .what { grid-column: 2; grid-row: 1; } .brief .when { grid-column: 2; text-align: left; }
  .findings thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .findings tr { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .1rem .75rem; padding: .6rem 1rem; }
  .findings tbody, .findings { display: block; }
  .findings tr + tr { border-top: 1px solid var(--line); }
  .findings td, .findings td:first-child { border: 0; padding: 0; }
  .findings td:nth-child(n+3) { grid-column: 1 / -1; }
  .findings td:nth-child(n+3)::before { content: attr(data-label) ": "; color: var(--quiet); }
}
@media (prefers-reduced-motion: reduce) { .icon.running { animation: none; } }
@media print {
  :root { color-scheme: light; }
  .log { max-height: none; background: none; color: #000; border: 0; } .log span, .log summary, .log summary span { color: #000; }
  .top nav, .top form, footer, .tools, .filters, .pager, .copy, .skip { display: none; } .top { background: none; color: #000; } .brand { color: #000; }
  .log details::details-content { content-visibility: visible; }
  .when { white-space: normal; } time { font-size: 0; } time::after { content: attr(title); font-size: .875rem; }
  li, tr, .facts div, figure, .command { break-inside: avoid; } h2, h3, .head { break-after: avoid; } a { color: inherit; }
}
`;
