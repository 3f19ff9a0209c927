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

const style = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem 1.5rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}h3{font-size:1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #8884;vertical-align:top}
th{font-weight:600}td{overflow-wrap:anywhere}pre{overflow:auto;padding:1rem;border:1px solid #8884;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere}
iframe{width:100%;height:30rem;border:1px solid #8884;border-radius:6px;background:#fff}nav a{margin-right:1rem}code{font-size:.9em}
.quiet{opacity:.7}.bad{color:#b3261e}.good{color:#1a7f37}@media(prefers-color-scheme:dark){.bad{color:#ff8a80}.good{color:#6fdd8b}}`;

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
