import type { Project } from '../../core/model/project.ts';
import { parseProjectName } from '../../core/model/project-name.ts';

/** An entry of the index, active and on the branch `main` of a repository of its own, which is at the host. */
export function sampleProject(name = 'demo/app:latest', over: Partial<Project> = {}, host = 'git.example'): Project {
  const { appId, jobId, desiredTag } = parseProjectName(name);
  return {
    name,
    appId,
    jobId,
    desiredTag,
    gitUrl: `https://${host}/${appId}/${jobId}.git`,
    gitBranch: 'main',
    source: `${host}/${appId}/${jobId}`,
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
