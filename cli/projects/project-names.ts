import * as z from 'zod';
import { apiProjectListSchema } from '../../core/api/projects.ts';
import type { Deployment } from '../deployment/deployment.ts';

const namesSchema = apiProjectListSchema.extend({ items: z.array(z.object({ name: z.string() })) });

/** The names of the projects that begin so. */
export async function projectNames({ api }: Deployment, prefix = ''): Promise<string[]> {
  const projects = await Array.fromAsync(api.list('projects', { prefix: prefix || undefined }, namesSchema));
  return projects.map(({ name }) => name);
}
