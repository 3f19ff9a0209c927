import { type Html, html } from '../text/html.ts';
import type { MailContent } from './content.ts';

const accents: Record<MailContent['tone'], string> = { good: '#17703a', warning: '#8a5000', bad: '#b3261e' };

const font = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const mono = 'font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px';

/**
 * A mail as HTML, in tables and inline styles, because mail programs support little else. The style element only adds dark colours in
 * programs that support it (https://www.caniemail.com/features/css-at-media-prefers-color-scheme/). There is no image and no script:
 * reading the mail fetches nothing.
 */
export function mailHtml(content: MailContent): string {
  const { tone, title, paragraphs, command, list, advice, example, lists = [], facts, output, links, footer } = content;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${title}</title>
<style>
@media (prefers-color-scheme: dark) {
.ground { background: #0e1116 !important; } .card { background: #161b22 !important; border-right-color: #2a313b !important; border-bottom-color: #2a313b !important; border-left-color: #2a313b !important; }
.text { color: #e4e8ee !important; } .quiet { color: #9aa5b3 !important; } .code { background: #0e1116 !important; color: #e4e8ee !important; }
.link { color: #7fb0ff !important; } .good { color: #57cf8b !important; } .warning { color: #f0b35c !important; } .bad { color: #ff8d80 !important; }
}
</style>
</head>
<body class="ground" style="margin:0;padding:0;background:#f6f7f9">
<table role="presentation" class="ground" width="100%" cellpadding="0" cellspacing="0" style="background:#f6f7f9"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff;border:1px solid #dfe3e8;border-top:4px solid ${accents[tone]};border-radius:6px"><tr><td class="text" style="padding:24px;${font};font-size:15px;line-height:1.5;color:#191c20;word-break:break-word">
<h1 class="${tone}" style="margin:0 0 12px;font-size:20px;line-height:1.3;color:${accents[tone]}">${title}</h1>
${paragraphs.map((text) => html`<p style="margin:0 0 12px">${text}</p>`)}
${command && code(command)}
${list && listed(list)}
${advice && html`<p style="margin:0 0 12px">${advice}</p>`}
${example && html`<p style="margin:0 0 6px">${example.title}</p>${code(example.text)}`}
<p style="margin:16px 0">${links.map(link)}</p>
${output && html`<p style="margin:0 0 6px"><b>${output.title}</b></p>${code(output.text)}`}
${lists.map(listed)}
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:4px 0 0">${facts.map(fact)}</table>
</td></tr></table>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px"><tr><td class="quiet" style="padding:16px 24px;${font};font-size:13px;line-height:1.5;color:#57606c;word-break:break-word">${footer.map(footnote)}</td></tr></table>
</td></tr></table>
</body>
</html>
`.toString();
}

function listed({ title, items }: NonNullable<MailContent['list']>): Html {
  return html`<p style="margin:0 0 6px"><b>${title}</b></p><ul style="margin:0 0 12px;padding:0 0 0 20px">${items.map((item) => html`<li style="margin:0 0 4px">${typeof item === 'string' ? item : html`<a class="link" href="${item.link}" style="color:#1a56c4">${item.name}</a>: ${item.text}`}</li>`)}</ul>`;
}

/**
 * The first link is a button, because it is what most readers want next. On a narrow screen the others follow below it, with the same
 * indentation.
 */
function link({ label, address }: MailContent['links'][number], index: number): Html {
  return index === 0
    ? html`<a class="button" href="${address}" style="display:inline-block;margin:0 16px 0 0;padding:8px 16px;border-radius:6px;background:#1a56c4;color:#ffffff;text-decoration:none;font-weight:600">${label}</a>`
    : html`<a class="link" href="${address}" style="display:inline-block;margin:0 16px 0 0;padding:8px 0;color:#1a56c4">${label}</a>`;
}

function footnote({ text, link, name }: MailContent['footer'][number]): Html {
  return html`<p style="margin:0 0 6px">${text}${link && html` <a class="quiet" href="${link}" style="color:#57606c">${name ?? link}</a>`}</p>`;
}

function fact({ label, value, link, code }: MailContent['facts'][number]): Html {
  const style = code ? mono : '';
  return html`<tr><td class="quiet" valign="top" style="padding:3px 12px 3px 0;${font};font-size:14px;color:#57606c;white-space:nowrap">${label}</td>
<td class="text" valign="top" width="100%" style="padding:3px 0;${font};font-size:14px;color:#191c20;word-break:break-word">${
    link
      ? html`<a class="link" href="${link}" style="color:#1a56c4;${style}">${value}</a>`
      : html`<span style="${style}">${value}</span>`
  }</td></tr>`;
}

function code(text: string): Html {
  return html`<pre class="code" style="margin:0 0 12px;padding:10px 12px;background:#f6f7f9;color:#191c20;border-radius:4px;${mono};line-height:1.45;white-space:pre-wrap;word-break:break-word">${text}</pre>`;
}
