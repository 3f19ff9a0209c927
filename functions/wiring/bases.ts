import { variable } from '../../services/environment.ts';
import { createBases } from '../../services/tables/bases.ts';
import { createDependents } from '../../services/tables/dependents.ts';
import { createDocumentClient } from '../../services/tables/dynamodb.ts';
import { createProjects } from '../../services/tables/projects.ts';
import { createObserveBases, type ObserveBases } from '../bases/record-bases.ts';

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
