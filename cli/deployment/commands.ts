import * as z from 'zod';
import {
  type Accepted,
  acceptedSchema,
  type CommandBody,
  type CommandName,
  commands,
  type Subject,
} from '../../core/api/commands.ts';
import { parseProjectName } from '../../core/model/project-name.ts';
import type { Deployment } from './deployment.ts';
import { callSigned } from './signed-call.ts';

/**
 * Sends a command.
 * @param subject a project `app/job:tag`, a build, or a cascade
 * @throws UsageError, RefusedError, DeploymentError
 */
export async function sendCommand<Name extends CommandName>(
  deployment: Deployment,
  name: Name,
  subject: Subject,
  body: CommandBody<Name>,
): Promise<Accepted> {
  const response = await callSigned(deployment, 'POST', pathOf(name, subject), body);
  return acceptedSchema.parse(await response.json());
}

/** Sends a command that begins a build of a project. */
export async function sendBuildCommand<Name extends 'build' | 'rollback'>(
  deployment: Deployment,
  name: Name,
  project: string,
  body: CommandBody<Name>,
): Promise<{ id: string; build: string }> {
  return acceptedSchema.extend({ build: z.string() }).parse(await sendCommand(deployment, name, { project }, body));
}

function pathOf(name: CommandName, subject: Subject): string {
  const names: Record<string, string> = 'project' in subject ? namesOf(subject.project) : subject;
  return commands[name].path.replaceAll(/\{(\w+)\}/g, (_, part: string) => names[part] ?? '');
}

function namesOf(project: string) {
  const { appId, jobId, desiredTag } = parseProjectName(project);
  return { app: appId, job: jobId, tag: desiredTag };
}
