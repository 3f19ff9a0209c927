import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  GetSecretValueCommand,
  SecretsManagerClient,
  SecretsManagerServiceException,
} from '@aws-sdk/client-secrets-manager';
import { storedSecret } from '../core/builds/build-secrets.ts';
import type { BuildRequest } from '../core/model/builder-contract.ts';
import type { BuildSession } from './build-session.ts';
import { BuildSecretError, DockerfileInvalidError } from './errors.ts';
import type { BuildLog } from './log.ts';
import { type Redaction, shortestSecret } from './redaction.ts';

interface Reading {
  session: Pick<BuildSession, 'credentials'>;
  secretsPrefix: string;
  redaction: Redaction;
  log: BuildLog;
  workspace: string;
}

/**
 * Reads the build's secrets into files that the engine mounts, before anything is fetched or built, so that none is missed late and none
 * gets into the log.
 * @returns the files, by the ids that the Dockerfile names
 * @throws BuildSecretError
 */
export async function readSecrets(
  { project, buildSecrets = {} }: Pick<BuildRequest, 'project' | 'buildSecrets'>,
  { session, secretsPrefix, redaction, log, workspace }: Reading,
): Promise<Record<string, string>> {
  const entries = Object.entries(buildSecrets);
  if (entries.length === 0) return {};
  const client = new SecretsManagerClient({ credentials: session.credentials });
  const folder = join(workspace, 'secrets');
  await mkdir(folder, { mode: 0o700 });
  const files = entries.map(async ([id, name]): Promise<[string, string]> => {
    const value = await storedValue(client, storedSecret(project, name, secretsPrefix));
    redaction.add(value);
    const path = join(folder, id);
    await writeFile(path, value, { mode: 0o600 });
    return [id, path];
  });
  const read = Object.fromEntries(await Promise.all(files));
  log.line(`secrets that a step may mount: ${Object.keys(read).join(', ')}`);
  return read;
}

async function storedValue(client: SecretsManagerClient, name: string): Promise<string> {
  const command = `aws secretsmanager create-secret --name ${name} --secret-string file://VALUE`;
  const { SecretString: value } = await client
    .send(new GetSecretValueCommand({ SecretId: name }))
    .catch((error: unknown) => {
      const isAbsent =
        error instanceof SecretsManagerServiceException &&
        /^(?:ResourceNotFound|AccessDenied|InvalidRequest)Exception$/.test(error.name);
      if (!isAbsent) throw error;
      throw new BuildSecretError(
        `The secret ${name} that "build-secrets" of the entry asks for does not exist, or this build may not read it. ` +
          `Have whoever runs this pipeline store it (${command}), or take it out of the entry; then have the build started again.`,
        { cause: error },
      );
    });
  if (value !== undefined && value.trim().length >= shortestSecret) return value;
  throw new BuildSecretError(
    value === undefined
      ? `The secret ${name} is not text. Have whoever runs this pipeline store it as one.`
      : `The secret ${name} has fewer than ${shortestSecret} characters, so that it could not be kept out of the log. Have whoever runs this pipeline store a longer one.`,
  );
}

/** @throws DockerfileInvalidError for a secret that a step cannot do without */
export function checkSecrets(
  mounted: readonly { id: string; isRequired: boolean }[],
  secrets: Readonly<Record<string, string>>,
): void {
  const missing = mounted.find(({ id, isRequired }) => isRequired && !Object.hasOwn(secrets, id));
  if (missing === undefined) return;
  throw new DockerfileInvalidError(
    `The Dockerfile requires the secret ${JSON.stringify(missing.id)}, and this build has none of that id. ` +
      'Name it in "build-secrets" of the entry in the index. Builds of pull requests get no secrets: there, the step has to do without ("required" taken away).',
  );
}
