import { createBases } from '../services/bases.ts';
import { createDependents } from '../services/dependents.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';
import { createObserveBases, type ObserveBases } from '../services/observed-bases.ts';
import { createProjects } from '../services/projects.ts';

/** What keeps a build's bases, for the steps at which a builder has left its result. */
export function openObserveBases(): ObserveBases {
  const client = createDocumentClient();
  return createObserveBases({
    bases: createBases(client, variable('BASES_TABLE')),
    dependents: createDependents(client, variable('DEPENDENTS_TABLE')),
    projects: createProjects(client, variable('PROJECTS_TABLE')),
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
  });
}
