import type { Project } from '../model/project.ts';
import { exceptionChanges, policyChanges } from './rule-changes.ts';

const shownKeys: Partial<Record<keyof Project, string>> = {
  buildArgs: 'build-args',
  buildSecrets: 'build-secrets',
  sourceSecret: 'source-secret',
  notifyUrls: 'notify-url',
  notifyEmail: 'notify-email',
  dependsOn: 'depends-on',
  extraTags: 'extra-tags',
  versionTags: 'version-tags',
  pullRequests: 'pull-requests',
  gitUrl: 'git-url',
  vex: 'VEX statements',
  sharesRepository: 'other entries of the same repository',
};

/** What differs of an entry, in Markdown. */
export function differences(before: Project, after: Project): string {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Project)[];
  const different = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  return different
    .map((key) => {
      if (key === 'policy')
        return `policy (${policyChanges({ before: before.policy, after: after.policy }).join(', ')})`;
      if (key === 'visibility' && before.visibility === 'private')
        return 'visibility (everybody will see the project, with its earlier builds and their logs)';
      if (key === 'exceptions') return `exceptions (${exceptionChanges(before, after)})`;
      return shownKeys[key] ?? key;
    })
    .join(', ');
}
