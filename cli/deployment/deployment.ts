import * as z from 'zod';
import { DeploymentError } from '../errors.ts';
import { createApi } from './api.ts';
import { createApiReader } from './api-reader.ts';
import type { Connection } from './connection.ts';

const outputsSchema = z.object({
  SiteUrl: z.url(),
  WebhooksUrl: z.url(),
  WebhookSecretArn: z.string(),
  GitHosts: z.string(),
  IndexRepository: z.string(),
});

const answersWithinMilliseconds = 5_000;

/**
 * A deployed Slipway, found by the outputs of its stack, which a machine has in its data folder.
 * @throws DeploymentError
 */
export async function findDeployment(connection: Connection) {
  const { stack, machine, settings } = connection;
  const all = machine ? await outputsOfRunning(machine) : await outputsOfStack(connection);
  const parsed = outputsSchema.safeParse(all);
  if (!parsed.success) throw new DeploymentError(`The stack ${stack} is not one of Slipway's: name it with --stack.`);
  const siteUrl = parsed.data.SiteUrl;
  return {
    stack,
    settings,
    siteUrl,
    outputs: parsed.data,
    /** An output that a stack of an earlier version does not have. */
    output: (name: string): string | undefined => all[name],
    api: createApi(siteUrl, createApiReader(siteUrl, all.ApiUrl, settings)),
  };
}

export type Deployment = Awaited<ReturnType<typeof findDeployment>>;

async function outputsOfRunning({ url, folder, outputs }: NonNullable<Connection['machine']>) {
  await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(answersWithinMilliseconds) }).catch((cause: unknown) => {
    throw new DeploymentError(
      `Slipway does not run with the data folder ${folder}: start it with "npm run local", or set AWS_PROFILE if you mean AWS.`,
      { cause },
    );
  });
  return outputs;
}

/** A machine needs no client of AWS for it. */
async function outputsOfStack(connection: Connection) {
  const { readStackOutputs } = await import('./stack-outputs.ts');
  return readStackOutputs(connection);
}
