import { sourceOf } from '../../core/sources/source.ts';
import { variable } from '../environment.ts';

/** The web address of the index's repository. */
export function indexUrl(): string {
  return `${variable('GITHUB_URL')}/${variable('INDEX_REPOSITORY')}`;
}

/** The identity of the index's repository, and the address of the git host that it is on. */
export function indexSource() {
  const gitHost = variable('GITHUB_URL');
  return { gitHost, source: sourceOf(indexUrl(), gitHost) };
}

/** The repository of the index, and the branch that the pipeline uses. */
export function indexAddress() {
  return {
    name: variable('INDEX_REPOSITORY'),
    url: indexUrl(),
    ...indexSource(),
    ref: `refs/heads/${variable('INDEX_BRANCH')}`,
  };
}
