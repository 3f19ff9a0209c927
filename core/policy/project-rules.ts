import type { Project } from '../model/project.ts';

/** Whether a candidate may now get another verdict. */
export function changesVerdict(before: Project, after: Project): boolean {
  return !isSame(rulesOf(before), rulesOf(after));
}

/** What a verdict depends on apart from the image, without the texts that only explain it. */
function rulesOf({ policy, exceptions = [], vex = [] }: Project): object {
  return {
    policy,
    exceptions: exceptions.map(({ id, package: name, expires }) => [id, name, expires]),
    vex: vex.map(({ ids, packages, status, expires }) => [ids, packages, status, expires]),
  };
}

/** Compares without the order of keys and without undefined values: the table keeps neither. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  for (const key in left) if (!isSame(left[key], right[key])) return false;
  for (const key in right) if (left[key] === undefined && right[key] !== undefined) return false;
  return true;
}
