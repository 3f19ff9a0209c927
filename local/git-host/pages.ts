import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Html, html, htmlPage, pagePolicy } from '../page.ts';
import type { CheckRuns } from './check-runs.ts';
import type { Contents } from './contents.ts';
import type { Deliveries, DeliverySummary } from './deliveries.ts';
import { filePage } from './file-page.ts';
import type { Git } from './git-process.ts';
import { checkRunTable, statusRow, statusTable, table } from './page-tables.ts';
import type { PullPages } from './pull-pages.ts';
import type { Repositories, Repository } from './repositories.ts';
import type { Statuses } from './statuses.ts';

const recent = 50;

/**
 * The host for people: `/git` (repositories), `/git/<owner>/<repo>`, `…/commit/<id>`, `…/blob/<commit>/<path>`, `…/pull/<number>`,
 * `/github` (statuses, deliveries).
 */
export function createGitPages(options: {
  url: string;
  git: Git;
  repositories: Repositories;
  statuses: Statuses;
  deliveries: Deliveries;
  checkRuns: CheckRuns;
  pulls: PullPages;
  contents: Contents;
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { url, git, repositories, statuses, deliveries, checkRuns, pulls } = options;

  function repositoriesPage(): string {
    const rows = repositories.list().map(({ owner, name, pushedAt }) => {
      const path = `${owner}/${name}`;
      return html`<tr><td><a href="/git/${path}">${path}</a></td><td><code>${url}/git/${path}.git</code></td><td>${readable(pushedAt)}</td></tr>
`;
    });
    const hint = html`<p>A push makes the repository. It needs the token, which git takes from the file <code>git-credentials</code> (README.md).</p><pre>git push ${url}/git/&lt;owner&gt;/&lt;repository&gt;.git HEAD:main</pre>`;
    return htmlPage('Repositories', html`${table(['Repository', 'Clone from', 'Last push'], rows)}${hint}`);
  }

  async function repositoryPage(repository: Repository): Promise<string> {
    const path = `${repository.owner}/${repository.name}`;
    const format = '--format=%(refname)%00%(objectname)%00%(*objectname)%00%(contents:subject)';
    const output = await git.run(repository.folder, [
      'for-each-ref',
      '--sort=-creatordate',
      '--count=200',
      format,
      'refs/heads/',
      'refs/tags/',
    ]);
    const rows = output
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [ref = '', object = '', peeled = '', subject = ''] = line.split('\0');
        const commit = peeled || object;
        return html`<tr><td>${ref.replace(/^refs\/(?:heads|tags)\//, '')}</td><td>${ref.startsWith('refs/tags/') ? 'tag' : 'branch'}</td><td><a href="/git/${path}/commit/${commit}"><code>${commit.slice(0, 12)}</code></a></td><td>${subject}</td></tr>
`;
      });
    return htmlPage(
      path,
      html`<p>Clone from <code>${url}/git/${path}.git</code></p>${table(['Ref', 'Kind', 'Commit', 'Message'], rows)}
<h2>Pull requests</h2>${pulls.list(repository)}
<h2>Deliveries</h2>${deliveryTable(deliveries.list({ repositoryId: repository.id, limit: recent }))}`,
    );
  }

  async function commitPage(repository: Repository, sha: string): Promise<string> {
    const shown = await git.run(repository.folder, ['show', '--stat=120', '--format=fuller', '--no-color', sha]);
    return htmlPage(
      `${repository.owner}/${repository.name} at ${sha.slice(0, 12)}`,
      html`<pre>${shown.toString().slice(0, 200_000)}</pre><h2>Statuses</h2>${statusTable(statuses.of(repository.id, sha))}
<h2>Check runs</h2>${checkRunTable(`/git/${repository.owner}/${repository.name}`, checkRuns.of(repository.id, sha))}`,
    );
  }

  function activityPage(): string {
    const shown = statuses.recent(recent).filter(({ owner, name }) => repositories.find(owner, name));
    const rows = shown.map((status) => {
      const { owner, name, sha, context } = status;
      return statusRow(
        html`<a href="/git/${owner}/${name}/commit/${sha}">${owner}/${name} <code>${sha.slice(0, 12)}</code></a><br>${context}`,
        status,
      );
    });
    return htmlPage(
      'Statuses and deliveries',
      html`<h2>Commit statuses</h2>${table(['Commit', 'State', 'Description', 'Link', 'Time'], rows)}
<h2>Webhook deliveries</h2>${deliveryTable(deliveries.list({ limit: recent }))}`,
    );
  }

  async function page(pathname: string): Promise<string | undefined> {
    if (/^\/git\/?$/.test(pathname)) return repositoriesPage();
    if (/^\/github\/?$/.test(pathname)) return activityPage();
    const file = /^\/git\/(?<owner>[^/]+)\/(?<name>[^/]+)\/blob\/(?<ref>[^/]+)\/(?<path>.+)$/.exec(pathname)?.groups;
    if (file) {
      const repository = repositories.find(file.owner ?? '', file.name ?? '');
      return repository && filePage(options, repository, file.ref ?? '', file.path ?? '');
    }
    const {
      owner = '',
      name = '',
      sha,
      number,
    } = /^\/git\/(?<owner>[^/]+)\/(?<name>[^/]+?)(?:\.git)?(?:\/commit\/(?<sha>[0-9a-f]{4,40})|\/pull\/(?<number>\d{1,9}))?\/?$/.exec(
      pathname,
    )?.groups ?? {};
    const repository = repositories.find(owner, name);
    if (!repository) return undefined;
    if (number !== undefined) return pulls.page(repository, Number(number));
    if (sha === undefined) return repositoryPage(repository);
    const commit = await repositories.commitOf(repository, sha);
    return commit && commitPage(repository, commit);
  }

  return async (request, response) => {
    const body = await page(decodedPath(new URL(request.url ?? '/', url).pathname));
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': pagePolicy.replace("form-action 'none'", "form-action 'self'"),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    response.end(
      body ?? htmlPage('Not found', html`<p>There is no such page. <a href="/git">All repositories</a></p>`),
    );
  };
}

function deliveryTable(list: DeliverySummary[]): Html {
  const rows = list.map(
    ({ guid, event, redelivery, status, status_code: code, duration, delivered_at: time }) =>
      html`<tr><td><code>${guid}</code>${redelivery ? ' (again)' : ''}</td><td>${event}</td><td class="${code >= 200 && code < 300 ? 'good' : code === 0 ? 'quiet' : 'bad'}">${status} (${code})</td><td>${duration} s</td><td>${time}</td></tr>
`,
  );
  return table(['Delivery', 'Event', 'Answer', 'Took', 'Time'], rows);
}

function readable(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}

/** A path that cannot be decoded is none of the host's. */
function decodedPath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}
