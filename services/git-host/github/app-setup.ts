import { Octokit } from '@octokit/core';
import * as z from 'zod';
import { UpstreamError } from '../../../core/model/errors.ts';
import { bearer, statusOf } from '../host-requests.ts';
import { appJwt, readKey } from './app.ts';

const timeoutMilliseconds = 20_000;

/** https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest */
const madeSchema = z.object({
  id: z.int(),
  client_id: z.string().min(1),
  name: z.string(),
  html_url: z.url(),
  pem: z.string().min(1),
});

export type MadeApp = z.infer<typeof madeSchema>;

/** Makes the app of a manifest that somebody has confirmed. Its code counts once, and for an hour. */
export async function convertManifest({ apiUrl, code }: { apiUrl: string; code: string }): Promise<MadeApp> {
  const answer = await call(apiUrl, 'POST /app-manifests/{code}/conversions', { code }).catch((cause: unknown) => {
    throw new UpstreamError(
      `GitHub did not make the app (${reasonOf(apiUrl, cause)}): its code counts once, and for an hour. Begin again.`,
      { cause },
    );
  });
  const made = madeSchema.safeParse(answer);
  if (made.success) return made.data;
  throw new UpstreamError(`${apiUrl} answered in an unknown form: is it the API of GitHub?`);
}

/** Gives the app's webhook the secret that Slipway derives for it, in place of GitHub's. */
export async function setHookSecret(options: {
  apiUrl: string;
  app: Pick<MadeApp, 'client_id' | 'pem' | 'html_url'>;
  secret: string;
}): Promise<void> {
  const { apiUrl, app, secret } = options;
  const key = readKey(app.pem);
  if (!key) throw new UpstreamError(`${apiUrl} made an app whose key is none: delete it, and begin again.`);
  const headers = bearer(appJwt(app.client_id, key));
  await call(apiUrl, 'PATCH /app/hook/config', { secret, headers }).catch((cause: unknown) => {
    throw new UpstreamError(
      `The app is made and stored, but its webhook has no secret of Slipway's (${reasonOf(apiUrl, cause)}). Set it in the settings of the app, ${app.html_url}: "slipway webhook secret --app" prints it.`,
      { cause },
    );
  });
}

async function call(apiUrl: string, route: string, parameters: object): Promise<unknown> {
  const octokit = new Octokit({ baseUrl: apiUrl, userAgent: 'slipway' });
  const signal = AbortSignal.timeout(timeoutMilliseconds);
  return (await octokit.request(route, { ...parameters, request: { signal } })).data;
}

function reasonOf(apiUrl: string, error: unknown): string {
  const status = statusOf(error);
  return status === undefined ? `${apiUrl} did not answer` : `${apiUrl} answered ${status}`;
}
