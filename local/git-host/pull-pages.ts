import { type Html, html, htmlPage } from '../page.ts';
import type { Commits } from './commits.ts';
import { statusTable, table } from './page-tables.ts';
import type { Pull, PullStore } from './pull-store.ts';
import type { Repositories, Repository } from './repositories.ts';
import { isoSeconds } from './repository-json.ts';
import type { Statuses } from './statuses.ts';

const shownFiles = 300;

/** What people see of pull requests: those of a repository, and one with its comments, marks and files. */
export function createPullPages(options: {
  repositories: Repositories;
  store: PullStore;
  commits: Commits;
  statuses: Statuses;
}) {
  const { repositories, store, commits, statuses } = options;
  const pathOf = ({ owner, name }: Repository) => `${owner}/${name}`;

  function headOf(pull: Pull): string {
    return `${repositories.get(pull.headRepositoryId)?.owner ?? 'unknown'}:${pull.headRef}`;
  }

  return {
    list(repository: Repository): Html {
      const rows = store.list(repository).map((pull) => {
        const address = `/git/${pathOf(repository)}/pull/${pull.number}`;
        return html`<tr><td><a href="${address}">#${pull.number} ${pull.title}</a></td><td>${stateOf(pull)}</td><td>${headOf(pull)} → ${pull.baseRef}</td><td>${pull.login}</td><td>${store.comments(repository, pull.number).length}</td></tr>
`;
      });
      return table(['Pull request', 'State', 'Branches', 'By', 'Comments'], rows);
    },

    async page(repository: Repository, number: number): Promise<string | undefined> {
      const pull = store.find(repository, number);
      if (!pull) return undefined;
      const path = pathOf(repository);
      const start = (await commits.mergeBase(repository, pull.baseSha, pull.headSha)) ?? pull.baseSha;
      const files = (await commits.files(repository, start, pull.headSha)).slice(0, shownFiles);
      const fileRows = files.map(
        ({ filename, status, additions, deletions }) =>
          html`<tr><td><code>${filename}</code></td><td>${status}</td><td>+${additions} −${deletions}</td></tr>
`,
      );
      const commit = html`<a href="/git/${path}/commit/${pull.headSha}"><code>${pull.headSha.slice(0, 12)}</code></a>`;
      const comments = store.comments(repository, number).map(
        ({ id, login, body, createdAt, updatedAt }) =>
          html`<section id="issuecomment-${id}"><h3>${login}, ${isoSeconds(createdAt)}${updatedAt > createdAt ? `, changed ${isoSeconds(updatedAt)}` : ''}</h3><pre>${visible(body)}</pre></section>
`,
      );
      return htmlPage(
        `${path} #${number}: ${pull.title}`,
        html`<p>${stateOf(pull)}: <code>${headOf(pull)}</code> → <code>${pull.baseRef}</code>, by ${pull.login}, at ${commit}</p>
${pull.body ? html`<pre>${pull.body}</pre>` : html``}<p><a href="/git/${path}">${path}</a></p>
<h2>Statuses</h2>${statusTable(statuses.latest(repository.id, pull.headSha))}
<h2>Comments</h2>${comments.length > 0 ? comments : html`<p class="quiet">None yet.</p>`}
<h2>Files</h2>${table(['File', 'Change', 'Lines'], fileRows)}`,
      );
    },
  };
}

export type PullPages = ReturnType<typeof createPullPages>;

/** Comments of HTML are notes of programs to themselves. */
function visible(markdown: string): string {
  return markdown.replace(/<!--.*?-->\s*/gs, '');
}

function stateOf({ state, mergedAt }: Pull): string {
  return mergedAt === undefined ? state : 'merged';
}
