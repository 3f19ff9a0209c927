import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import type { GitHost } from '../../core/model/git-host.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import type { MadeApp } from '../../services/git-host/github/app-setup.ts';
import { askAws } from '../deployment/ask-aws.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { DeploymentError, RefusedError } from '../errors.ts';

/** The secret with the tokens of the git hosts, as services/git-host/host-tokens.ts reads it. */
export async function readHostTokens({ stack, settings, output }: Deployment): Promise<string> {
  const read = new GetSecretValueCommand({ SecretId: arnOf({ output }) });
  const needs = "secretsmanager:GetSecretValue on the git hosts' tokens";
  const { SecretString = '' } = await askAws(stack, needs, () => new SecretsManagerClient(settings).send(read));
  return SecretString;
}

export async function storeHostTokens({ stack, settings, output }: Deployment, SecretString: string): Promise<void> {
  const put = new PutSecretValueCommand({ SecretId: arnOf({ output }), SecretString });
  const needs = "secretsmanager:PutSecretValue on the git hosts' tokens";
  await askAws(stack, needs, () => new SecretsManagerClient(settings).send(put));
}

function arnOf({ output }: Pick<Deployment, 'output'>): string {
  const arn = output('GitHostTokensSecretArn');
  if (arn !== undefined) return arn;
  throw new DeploymentError('The stack has no secret for the tokens of the git hosts: deploy this version of Slipway.');
}

const storedSchema = z.record(z.string(), z.union([z.string(), z.looseObject({ token: z.string().optional() })]));

/** The secret's text with an app at its host. A token that was there stays, for repositories that the app is not installed on. */
export function withApp(
  text: string,
  { host, gitHosts, app }: { host: GitHost; gitHosts: readonly GitHost[]; app: Pick<MadeApp, 'client_id' | 'pem'> },
): string {
  const known = storedOf(text.trim(), gitHosts);
  const name = new URL(host.url).host;
  const before = known[name];
  const token = typeof before === 'string' ? before : before?.token;
  return JSON.stringify({ ...known, [name]: { app: app.client_id, 'private-key': app.pem, token } });
}

/** @throws RefusedError for a text that must not be replaced because nobody knows what it means */
function storedOf(text: string, [first]: readonly GitHost[]): z.infer<typeof storedSchema> {
  if (text === '' || text === 'none') return {};
  if (!text.startsWith('{')) return first ? { [new URL(first.url).host]: text } : {};
  const stored = storedSchema.safeParse(parseJson(text));
  if (stored.success) return stored.data;
  throw new RefusedError(
    'The secret with the tokens of the git hosts is not as docs/git-hosts.md says: correct it first.',
  );
}
