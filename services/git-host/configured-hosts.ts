import type { GitHost } from '../../core/model/git-host.ts';
import { jsonVariable } from '../environment.ts';

/** The git hosts whose API Slipway calls. The first has the index. */
export function gitHosts(): GitHost[] {
  return jsonVariable('GIT_HOSTS') as GitHost[];
}
