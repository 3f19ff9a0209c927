import type { Project } from '../model/project.ts';
import { isSame } from '../policy/project-rules.ts';

/** What the content or the tags of an entry's image depend on, by the key of the entry. */
const contentOf = (project: Project): Record<string, unknown> => ({
  'git-url': project.source,
  'git-branch': project.gitBranch,
  'target-file': project.dockerfile,
  'build-context': project.context,
  enabled: project.active,
  platforms: project.platforms,
  'prebuild-script': project.prebuild?.script,
  'prebuild-context': project.prebuild?.context,
  'extra-tags': project.extraTags,
  'build-args': project.buildArgs,
  'build-secrets': project.buildSecrets,
  target: project.target,
  labels: project.labels,
});

/** The keys whose change gives another image. A new mail address does not. */
export function changedContent(before: Project, after: Project): string[] {
  const [old, young] = [contentOf(before), contentOf(after)];
  return Object.keys(old).filter((key) => !isSame(old[key], young[key]));
}
