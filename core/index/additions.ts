import { destinationsOf } from '../destinations/destination.ts';
import type { DeployTarget } from '../model/deploy-target.ts';
import { isSame } from '../policy/project-rules.ts';
import { code, codes } from '../text/markdown.ts';
import type { IndexChange } from './change.ts';

/** What entries have after the merge and did not have before, in Markdown. */

/** A line for each address that an entry has and did not have before. */
export function addedRecipients({ added, changed }: IndexChange): string[] {
  const projects = new Map<string, string[]>();
  for (const [before, after] of [
    ...added.map((project) => [undefined, project] as const),
    ...changed.map(({ before, after }) => [before, after] as const),
  ]) {
    for (const address of after.notifyEmail) {
      if (!before?.notifyEmail.includes(address)) projects.set(address, [...(projects.get(address) ?? []), after.name]);
    }
  }
  return [...projects].map(([address, names]) => `- ${code(address)} for ${codes(names)}`);
}

/** A line for each target that an entry has and did not have like this before. */
export function addedTargets({ added, changed }: IndexChange): string[] {
  const pairs = [...added.map((after) => ({ before: undefined, after })), ...changed];
  return pairs.flatMap(({ before, after }) =>
    (after.deploy ?? [])
      .filter((target) => !before?.deploy?.some((each) => isSame(each, target)))
      .map((target) => `- ${code(after.name)}, ${code(target.name)}: ${placeOf(target)}`),
  );
}

function placeOf(target: DeployTarget): string {
  if (target.kind === 'ecs') return `the service ${code(target.service)} of the ECS cluster ${code(target.cluster)}`;
  if (target.kind === 'ssm') return `the container ${code(target.container)} on the servers ${code(target.servers)}`;
  const { path, branch, repository } = target;
  return `${code(path)} in ${branch === undefined ? 'the default branch' : code(branch)} of ${code(repository)}`;
}

/** A line for each destination that an entry has and did not have before: with the credentials of all, it may replace another's image. */
export function addedDestinations({ added, changed }: IndexChange): string[] {
  const pairs = [...added.map((after) => ({ before: undefined, after })), ...changed];
  return pairs.flatMap(({ before, after }) => {
    const known = before ? destinationsOf(before) : [];
    return destinationsOf(after)
      .filter((each) => !known.includes(each))
      .map((each) => `- ${code(after.name)}: ${code(each)}`);
  });
}
