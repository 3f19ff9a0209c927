import { type Html, html } from '../page.ts';
import type { CheckRun } from './check-runs.ts';

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

/** One commit status; `subject` comes first. */
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

/** The check runs of a commit of a repository, whose page is at `path`, with their buttons. */
export function checkRunTable(path: string, runs: readonly CheckRun[]): Html {
  const rows = runs.map(({ id, run }) => {
    const { name, status = 'queued', conclusion, output, actions = [], annotations, details_url: details } = run;
    const link = details ? html`<a href="${details}" rel="noreferrer">${details}</a>` : html``;
    const tone = conclusion === 'success' ? 'good' : conclusion === undefined ? 'quiet' : 'bad';
    const buttons = actions.map(
      ({ label, description, identifier }) =>
        html`<button name="button" value="${identifier}" title="${description}">${label}</button> `,
    );
    const form = buttonsForm(`${path}/check-runs/${id}`, html`<button>Re-run</button> ${buttons}`);
    return html`<tr><td>${name}</td><td class="${tone}">${conclusion ?? status}</td><td>${output?.title ?? ''}<details><summary>Summary, ${annotations.length} annotations</summary><pre>${output?.summary ?? ''}</pre>${annotations.map((each) => html`<p>${each.path}:${each.start_line} ${each.annotation_level}: ${each.message}</p>`)}</details></td><td>${link}</td><td>${form}</td></tr>
`;
  });
  const [first] = runs;
  const all = first ? buttonsForm(`${path}/check-runs/${first.sha}`, html`<button>Re-run all checks</button>`) : html``;
  return html`${table(['Name', 'State', 'Output', 'Link', 'Buttons'], rows)}${all}`;
}

function buttonsForm(action: string, buttons: Html): Html {
  return html`<form method="post" action="${action}"><label>As <input name="login" size="8"></label> <label>Password of this machine <input name="password" type="password" size="8" required></label> ${buttons}</form>`;
}
