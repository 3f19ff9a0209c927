import { shortCommit } from '../builds/describe-build.ts';
import type { TargetState } from '../targets/target-state.ts';
import { oneLine } from '../text/one-line.ts';

export interface Deployed {
  project: string;
  targets: readonly string[];
  release: TargetState['wanted'];
  siteUrl: string;
  skipCi: boolean;
}

/** `Deploy demo/app 1.2.3 to production`, or `Roll back demo/app to 1.2.2 at production` */
export function deploySubject({ project, targets, release }: Omit<Deployed, 'siteUrl' | 'skipCi'>): string {
  const places = targets.map((target) => oneLine(target, 40)).join(', ');
  const image = project.replace(/:.*/, '');
  const isRollback = release.call.type === 'rollback';
  const subject = isRollback
    ? `Roll back ${image} to ${release.tag} at ${places}`
    : `Deploy ${image} ${release.tag} to ${places}`;
  return oneLine(subject, 150);
}

/** What the history of the manifests says about a release. */
export function deployMessage(deployed: Deployed): string {
  const { project, release, siteUrl, skipCi } = deployed;
  return [
    `${deploySubject(deployed)}${skipCi ? ' [skip ci]' : ''}`,
    '',
    `${oneLine(release.why, 300)}.`,
    '',
    `Project: ${oneLine(project, 300)}`,
    `Image: ${oneLine(release.repository, 300)}@${release.digest}`,
    `Source: ${oneLine(release.sourceUrl, 300)} ${shortCommit(release.commit)}`,
    `Build: ${siteUrl}/builds/${release.build}`,
  ].join('\n');
}
