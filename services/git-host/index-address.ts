import { sourceOf } from '../../core/sources/source.ts';
import { variable } from '../environment.ts';

/** The web address of the index's repository. */
export function indexUrl(): string {
  return `${variable('GITHUB_URL')}/${variable('INDEX_REPOSITORY')}`;
}

/** The repository of the index, and the branch that the pipeline uses. */
export function indexAddress() {
  const url = indexUrl();
  return {
    name: variable('INDEX_REPOSITORY'),
    url,
    source: sourceOf(url),
    ref: `refs/heads/${variable('INDEX_BRANCH')}`,
  };
}
