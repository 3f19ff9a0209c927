import { type Annotation, dockerfileAnnotations } from '../../core/git-host/check-run.ts';
import { reasonAnnotations } from '../../core/git-host/reason-annotations.ts';
import type { Build } from '../../core/model/build.ts';
import type { GitHosts } from '../../services/git-host/hosts.ts';
import { ifReadable, type Records } from '../../services/records/records.ts';

interface Services {
  records: Pick<Records, 'request' | 'scanners'>;
  repositoryAt: GitHosts['repositoryAt'];
}

/**
 * What a check run shows at the lines of the Dockerfile. A Dockerfile that a script generates is not in the repository, so nothing can be
 * shown at its lines.
 */
export function createCheckAnnotations({ records, repositoryAt }: Services) {
  return async function annotationsOf(build: Build): Promise<Annotation[]> {
    const request = await records.request(build.id);
    if (!request) return [];
    const { dockerfile: path } = request;
    const isRefused = build.status === 'blocked' || build.status === 'failed';
    const [reports, text] = await Promise.all([
      ifReadable(records.scanners(build.id)),
      isRefused ? repositoryAt(build.sourceUrl)?.file(path, build.commit) : undefined,
    ]);
    const reasons = text === undefined ? [] : reasonAnnotations(build, { ...request, path, text });
    return [...reasons, ...dockerfileAnnotations(path, reports)];
  };
}

export type CheckAnnotations = ReturnType<typeof createCheckAnnotations>;
