import { readPushed, type WorkingCopy } from './sources.ts';
import { PromiseBrokenError } from './watch.ts';

/** What a manifest deploys, and the commit that says so. */
export interface Deployment {
  commit: string;
  subject: string;
  digest: string;
}

export const manifest = 'app/kustomization.yaml';

/** What the manifests deploy of the application now. */
export async function readDeployment(manifests: WorkingCopy, signal: AbortSignal): Promise<Deployment> {
  const { commit, author, subject, text } = await readPushed(manifests, manifest, signal);
  const [, digest] = /newTag: \S+@(sha256:[0-9a-f]{64})/.exec(text) ?? [];
  if (digest === undefined || author !== 'Slipway')
    throw new PromiseBrokenError(`The last commit of the manifests, "${subject}", is not Slipway's.`);
  return { commit, subject, digest };
}
