import { type Project, parseProjectName } from '../../core/model/project.ts';

/** An entry of the index, active and on the branch `main` of a repository of its own. */
export function sampleProject(name: string, over: Partial<Project> = {}): Project {
  const { appId, jobId, desiredTag } = parseProjectName(name);
  return {
    name,
    appId,
    jobId,
    desiredTag,
    gitUrl: `https://git.example/${appId}/${jobId}.git`,
    gitBranch: 'main',
    source: `git.example/${appId}/${jobId}`,
    dockerfile: 'Dockerfile',
    context: '.',
    notifyEmail: ['owner@example.org'],
    dependsOn: [],
    file: 'index.d/demo.yml',
    sharesRepository: false,
    active: true,
    ...over,
  };
}
