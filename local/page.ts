/** HTML that needs no escaping in a page. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/** A template whose values are escaped, unless they are Html themselves. */
export function html(strings: TemplateStringsArray, ...values: (Html | Html[] | string | number)[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(render)));
}

function render(value: Html | Html[] | string | number): string {
  if (Array.isArray(value)) return value.join('');
  return value instanceof Html ? value.text : escaped(String(value));
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** As the product's pages look, in fewer lines. */
const style = `:root{color-scheme:light dark;--line:light-dark(#d9e0e5,#2a3541);--card:light-dark(#fff,#141c25);--quiet:light-dark(#54616d,#9dabb9)}
*{box-sizing:border-box}body{margin:0;background:light-dark(#f4f6f7,#0c1219);color:light-dark(#14202b,#e3e9ef);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
a{color:light-dark(#0b5cad,#82b7ff);text-underline-offset:.15em}:focus-visible{outline:2px solid;outline-offset:2px}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;padding:.85rem max(1.25rem,calc(50vw - 35.75rem));background:#0d2b45;border-bottom:3px solid #ffb454}nav a{color:#e6eef5;text-decoration:none}nav a:hover{text-decoration:underline}nav a:first-child{color:#fff;font-weight:650}
main{max-width:74rem;margin:0 auto;padding:1.75rem 1.25rem 3rem}h1{font-size:1.55rem;line-height:1.25;margin:0 0 1rem}h2{font-size:1rem;margin:1.75rem 0 .6rem}h3{font-size:1rem}
table,pre,iframe{width:100%;border:1px solid var(--line);border-radius:.6rem;background:var(--card)}table{border-spacing:0}th,td{padding:.55rem 1rem;text-align:left;vertical-align:top}tr+tr>*,thead+tbody>tr>*{border-top:1px solid var(--line)}
thead th,td.good,td.bad{white-space:nowrap}th{font-size:.875rem;font-weight:600;color:var(--quiet)}td:first-child a{font-weight:600;text-decoration:none}td:first-child a:hover{text-decoration:underline}td:last-child>time{white-space:nowrap;color:var(--quiet)}
pre{margin:0;padding:.75rem 1rem;white-space:pre-wrap;font-size:.875rem}iframe{display:block;height:34rem}code{font-size:.9em}label{display:inline-grid;gap:.2rem}input,button{font:inherit;padding:.4rem .7rem;border:1px solid var(--line);border-radius:.4rem;background:var(--card);color:inherit}input{width:20rem;max-width:100%}button{font-weight:600;cursor:pointer}
.quiet{color:var(--quiet)}.bad{color:light-dark(#b3261e,#ff8d80)}.good{color:light-dark(#14693a,#5bd08f)}
@media(max-width:42rem){thead{display:none}table,tbody,tr,th,td{display:block}tr{padding:.6rem 1rem}tr+tr{border-top:1px solid var(--line)}tr>*,tr+tr>*,thead+tbody>tr>*{border:0;padding:0}}`;

/** What the machine's own pages may load: their style sheet and frames of the machine itself. No script. */
export const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A whole page of the machine. */
export function htmlPage(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${new Html(style)}</style></head>
<body><nav><a href="/">Slipway</a><a href="/mail">Mail</a><a href="/git">Repositories</a><a href="/github">Statuses and deliveries</a></nav>
<main><h1>${title}</h1>
${body}
</main></body></html>
`.text;
}
