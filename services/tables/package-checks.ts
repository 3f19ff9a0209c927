import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { once } from '../../core/once.ts';
import type { PackagesMemory } from '../../core/packages/plan-rebuilds.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

const checkedProjectSchema = z.object({
  name: z.string(),
  active: z.boolean(),
  dependsOn: z.array(z.string()).default([]),
  /** The base images of its newest image. */
  bases: z.array(z.object({ image: z.string(), own: z.boolean() })).default([]),
  released: z.object({ build: z.string() }).optional(),
  /** When its packages were last checked. */
  packagesCheckedAt: z.string().optional(),
  packagesTried: z.string().default(''),
  packagesWaiting: z
    .object({ marks: z.string(), build: z.string(), parent: z.string(), parentBuild: z.string() })
    .optional(),
});

export type CheckedProject = z.infer<typeof checkedProjectSchema> & { released: { build: string } };

/** The fields of the projects table that record the package checks of released images. */
export function createPackageChecks(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    /** The projects with a release. */
    async released(): Promise<CheckedProject[]> {
      const projects: CheckedProject[] = [];
      const fields = Object.keys(checkedProjectSchema.shape);
      for await (const { released, ...project } of table.scan({ fields }, checkedProjectSchema))
        if (project.active && released) projects.push({ ...project, released });
      return projects;
    },

    /** Records when a project was checked, and what the next run needs to know. */
    async record(name: string, checkedAt: string, { tried, waiting }: PackagesMemory): Promise<void> {
      // The update must not recreate, with these fields alone, a project that was deleted meanwhile.
      await table.update(
        { name },
        { set: { packagesCheckedAt: checkedAt, packagesTried: tried, packagesWaiting: waiting } },
        expression`attribute_exists(#name)`,
      );
    },
  };
}

export type PackageChecks = ReturnType<typeof createPackageChecks>;

export const openPackageChecks = once(() => createPackageChecks(documentClient(), variable('PROJECTS_TABLE')));
