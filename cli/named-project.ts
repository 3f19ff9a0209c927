import { z } from 'zod';
import { parseProjectName, projectNameSchema } from '../core/model/project.ts';
import { oneLine } from '../core/text/one-line.ts';
import { UsageError } from './command.ts';
import { type Deployment, DeploymentError } from './deployment.ts';

/** What the API says of a project, as far as releases and holds are concerned. */
const namedProjectSchema = z.object({
  name: z.string(),
  desiredTag: z.string(),
  active: z.boolean(),
  released: z.object({ digest: z.string() }).nullable(),
  /** `at` is absent for a hold of the index. */
  hold: z.object({ by: z.string(), at: z.string().optional() }).nullable(),
});

export type NamedProject = z.infer<typeof namedProjectSchema>;

/**
 * The argument `APP/JOB[:TAG]`.
 * @throws UsageError
 */
export function readProjectArgument(positionals: readonly string[]): string {
  const [project, ...rest] = positionals;
  if (project === undefined || rest.length > 0) throw new UsageError('Name one project, such as demo/app:latest.');
  if (projectNameSchema.safeParse(project.includes(':') ? project : `${project}:latest`).success) return project;
  throw new UsageError(
    `"${oneLine(project, 80)}" is no project: write app-id/job-id:desired-tag, such as demo/app:latest.`,
  );
}

/**
 * The project of an argument. Without a tag it is the only project of that name, or that with the tag `latest`.
 * @throws DeploymentError if there is none, or it is not clear which
 */
export async function findNamedProject(deployment: Deployment, argument: string): Promise<NamedProject> {
  const { appId, jobId } = parseProjectName(argument.includes(':') ? argument : `${argument}:latest`);
  const answer = await deployment.read(
    `projects/${appId}/${jobId}?limit=100`,
    z.object({ items: z.array(namedProjectSchema) }),
  );
  const known = answer?.items ?? [];
  const wanted = known.filter(({ name }) => name === argument || !argument.includes(':'));
  const project = wanted.length === 1 ? wanted[0] : wanted.find(({ name }) => name === `${argument}:latest`);
  if (project) return project;
  const others = known.length > 0 ? `Name one of ${known.map(({ name }) => name).join(', ')}.` : '';
  throw new DeploymentError(
    `${argument} is not in the index. ${others || `${deployment.siteUrl}/projects lists its projects.`}`,
  );
}
