import * as z from 'zod';
import { type Installation, installationSchema, keyRefusals } from '../../../core/git-host/app-installation.ts';
import { createHostRequests, HostRefusedError } from '../host-requests.ts';
import { type AppKey, appJwt, readKey, signatureRefusal } from './app.ts';

/** https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app */
const appSchema = z.object({
  name: z.string(),
  html_url: z.string(),
  permissions: z.record(z.string(), z.string()).default({}),
  events: z.array(z.string()).default([]),
});
/** https://docs.github.com/en/rest/apps/webhooks; a secret that is there is shown as asterisks. */
const hookSchema = z.object({ url: z.string().nullish(), secret: z.string().nullish() });
const deliveriesSchema = z.array(z.object({ status: z.string(), status_code: z.int() }));

/** What GitHub says about an app. */
export interface AppState extends z.infer<typeof appSchema> {
  hook: z.infer<typeof hookSchema> | undefined;
  lastDelivery: { status: string; status_code: number } | undefined;
  installations: Installation[];
}

/** The state of an app; else the sentence that says why GitHub does not know it by its key. */
export async function readAppState(apiUrl: string, key: AppKey): Promise<AppState | { refusal: string }> {
  const privateKey = readKey(key.privateKey);
  if (!privateKey) return { refusal: keyRefusals.unreadable(key.id) };
  const token = async () => appJwt(key.id, privateKey);
  const { find, get } = createHostRequests({ apiUrl, token, repository: `the app ${key.id}`, names: {} });
  const app = await get(appSchema, 'GET /app').catch((error: unknown) => {
    const refusal = error instanceof HostRefusedError && signatureRefusal(key.id, error);
    if (!refusal) throw error;
    return { refusal };
  });
  if ('refusal' in app) return app;
  const [hook, deliveries, installations] = await Promise.all([
    find(hookSchema, 'GET /app/hook/config'),
    find(deliveriesSchema, 'GET /app/hook/deliveries', { per_page: 1 }),
    get(z.array(installationSchema), 'GET /app/installations', { per_page: 100 }),
  ]);
  return { ...app, hook, lastDelivery: deliveries?.[0], installations };
}
