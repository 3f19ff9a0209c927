import { code } from '../text/markdown.ts';

/** What is known about the source of a project that the merge will build. */
export interface SourceFacts {
  /** The head of the branch; `absent` where there is none, `unknown` where the host did not answer. */
  branch: { commit: string } | 'absent' | { unknown: string };
  /** Whether the Dockerfile exists; undefined where that was not checked. */
  dockerfile?: boolean | undefined;
  /** The job-id of the repository's cccp.yml, if it differs from the entry's. */
  otherJobId?: string | undefined;
  /** The names in Secrets Manager of build secrets that nobody has stored; undefined where that was not looked up. */
  missingSecrets?: readonly string[] | undefined;
}

/** What to look at before the merge, in Markdown. */
export function sourceWarnings({ branch, dockerfile, otherJobId, missingSecrets = [] }: SourceFacts): string[] {
  return [
    ...(branch === 'absent'
      ? ['The branch was not found, or the repository is not public. It is built when the branch is pushed.']
      : []),
    ...(typeof branch === 'object' && 'unknown' in branch
      ? [`The branch could not be checked: ${code(branch.unknown)}`]
      : []),
    ...(dockerfile === false ? ['The Dockerfile was not found: the build will fail.'] : []),
    ...(otherJobId !== undefined ? [`The repository's cccp.yml has another job-id: ${code(otherJobId)}`] : []),
    ...missingSecrets.map(
      (name) =>
        `Nobody has stored the secret ${code(name)} yet: builds fail until whoever runs this pipeline does (docs/index-format.md).`,
    ),
  ];
}
