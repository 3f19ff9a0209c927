import { type Html, html } from '../page.ts';

/** A table, or that there is nothing to show. */
export function table(names: string[], rows: Html[]): Html {
  if (rows.length === 0) return html`<p class="quiet">None yet.</p>`;
  return html`<table><thead><tr>${names.map((name) => html`<th>${name}</th>`)}</tr></thead><tbody>
${rows}</tbody></table>`;
}

export function statusTable(statuses: readonly (Parameters<typeof statusRow>[1] & { context: string })[]): Html {
  const rows = statuses.map((status) => statusRow(html`${status.context}`, status));
  return table(['Context', 'State', 'Description', 'Link', 'Time'], rows);
}

/** One commit status; `subject` is what stands first. */
export function statusRow(
  subject: Html,
  status: { state: string; description: string | null; target_url: string | null; created_at: string },
): Html {
  const { state, description, target_url: target } = status;
  const link = target ? html`<a href="${target}" rel="noreferrer">${target}</a>` : html``;
  const tone = state === 'success' ? 'good' : state === 'pending' ? 'quiet' : 'bad';
  return html`<tr><td>${subject}</td><td class="${tone}">${state}</td><td>${description ?? ''}</td><td>${link}</td><td>${status.created_at}</td></tr>
`;
}
