import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Problem, problemOf } from '../../core/builds/problem.ts';
import type { Build } from '../../core/model/build.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import type { Page, PageRequest } from './page.ts';
import { type ProjectRecord, projectRecordSchema } from './projects.ts';
import { tableOf } from './table.ts';

/**
 * The fields of the projects table that say which problem a project's last build ended with. The next build removes them
 * (`nextSequence` in services/tables/projects.ts), and so does the entry's leaving the index.
 */
export function createProjectProblems(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    /** Records the problem that a build ended with, if it has one and is still the last of its project. */
    async record(build: Build): Promise<void> {
      const problem = problemOf(build);
      if (!problem) return;
      const isLast = expression`lastBuild = ${build.id} AND active = ${true}`;
      await table.update({ name: build.project }, { set: { problem, problemAt: build.createdAt } }, isLast);
    },

    /** The projects whose last build ended so, the one that was built last first. */
    withProblem(problem: Problem, request: PageRequest): Promise<Page<ProjectRecord>> {
      const keys = expression`problem = ${problem}`;
      return table.page({ index: 'byProblem', keys, newestFirst: true }, request, projectRecordSchema);
    },
  };
}

export type ProjectProblems = ReturnType<typeof createProjectProblems>;

export const openProjectProblems = once(() => createProjectProblems(documentClient(), variable('PROJECTS_TABLE')));
