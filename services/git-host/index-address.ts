import { findRepository, sourceOf } from '../../core/sources/source.ts';
import { variable } from '../environment.ts';
import { gitHosts } from './configured-hosts.ts';

/** The web address of the index's repository. */
export function indexUrl(): string {
  return variable('INDEX_URL');
}

/** The identity of the index's repository, and the git hosts. */
export function indexSource() {
  const hosts = gitHosts();
  return { gitHosts: hosts, source: sourceOf(indexUrl(), hosts) };
}

/** The repository of the index, and the branch that the pipeline uses. */
export function indexAddress() {
  const { gitHosts, source } = indexSource();
  const url = indexUrl();
  return {
    url,
    gitHosts,
    source,
    name: findRepository(gitHosts, url)?.path ?? url,
    ref: `refs/heads/${variable('INDEX_BRANCH')}`,
  };
}
