import { html, htmlPage } from '../page.ts';
import type { Contents } from './contents.ts';
import type { Repositories, Repository } from './repositories.ts';

const mostLines = 10_000;

/** A file of a repository at a commit; its lines can be linked to as on GitHub (`#L12`). Undefined if there is none. */
export async function filePage(
  { repositories, contents }: { repositories: Repositories; contents: Contents },
  repository: Repository,
  ref: string,
  path: string,
): Promise<string | undefined> {
  const commit = await repositories.commitOf(repository, ref);
  const found = commit === undefined ? undefined : await contents.at(repository, commit, path, ref);
  if (found?.kind !== 'file') return undefined;
  const title = `${path} of ${repository.owner}/${repository.name} at ${ref.slice(0, 12)}`;
  if (found.content.includes(0)) return htmlPage(title, html`<p class="quiet">It is not text.</p>`);
  const lines = found.content.toString('utf8').replace(/\n$/, '').split('\n').slice(0, mostLines);
  const width = String(lines.length).length;
  const shown = lines.map(
    (line, at) => html`<span id="L${at + 1}"><a href="#L${at + 1}">${String(at + 1).padStart(width)}</a>  ${line}
</span>`,
  );
  return htmlPage(title, html`<pre>${shown}</pre>`);
}
