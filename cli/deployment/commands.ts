import { STSClient } from '@aws-sdk/client-sts';
import { AwsClient } from 'aws4fetch';
import { z } from 'zod';
import {
  type Accepted,
  acceptedSchema,
  type CommandBody,
  type CommandName,
  commands,
  type Subject,
} from '../../core/api/commands.ts';
import { problemSchema } from '../../core/api/named.ts';
import { parseProjectName } from '../../core/model/project.ts';
import { DeploymentError, RefusedError } from '../errors.ts';
import { askAws } from './ask-aws.ts';
import type { Deployment } from './deployment.ts';

const answeredWithinMilliseconds = 30_000;

/**
 * Sends a command, signed with the caller's credentials: AWS proves by them who it is.
 * @param subject a project `app/job:tag`, or a build
 * @throws RefusedError, DeploymentError
 */
export async function sendCommand<Name extends CommandName>(
  { stack, settings, output }: Deployment,
  name: Name,
  subject: Subject,
  body: CommandBody<Name>,
): Promise<Accepted> {
  const base = output('ApiUrl');
  if (base === undefined) throw new DeploymentError('The stack is of an earlier version: deploy Slipway again.');
  const path = pathOf(name, subject);
  const { config } = new STSClient(settings);
  const needs = `execute-api:Invoke on POST ${path}`;
  const [credentials, region] = await askAws(stack, needs, () => Promise.all([config.credentials(), config.region()]));
  const client = new AwsClient({ ...credentials, service: 'execute-api', region });
  const response = await client
    .fetch(`${base}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answeredWithinMilliseconds),
    })
    .catch((cause: unknown) => {
      throw new DeploymentError(`${base} cannot be reached.`, { cause });
    });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return acceptedSchema.parse(answer);
  const problem = problemSchema.pick({ detail: true }).safeParse(answer).data;
  if (problem && response.status < 500) throw new RefusedError(problem.detail);
  if (response.status === 403)
    throw new DeploymentError(`AWS does not allow it, or does not know these credentials. Needed is ${needs}.`);
  throw new DeploymentError(`${base}${path} answered ${response.status}.`);
}

/** Sends a command that begins a build of a project. */
export async function sendBuildCommand<Name extends 'build' | 'rollback'>(
  deployment: Deployment,
  name: Name,
  project: string,
  body: CommandBody<Name>,
): Promise<{ build: string }> {
  return acceptedSchema.extend({ build: z.string() }).parse(await sendCommand(deployment, name, { project }, body));
}

function pathOf(name: CommandName, subject: Subject): string {
  const names: Record<string, string> = 'build' in subject ? subject : namesOf(subject.project);
  return commands[name].path.replaceAll(/\{(\w+)\}/g, (_, part: string) => names[part] ?? '');
}

function namesOf(project: string) {
  const { appId, jobId, desiredTag } = parseProjectName(project);
  return { app: appId, job: jobId, tag: desiredTag };
}
