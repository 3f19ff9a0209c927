import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { sign } from '@octokit/webhooks-methods';
import { z } from 'zod';
import { sourceOf } from '../core/sources/source.ts';
import { repositoryScope, webhookSecret } from '../core/triggers/webhook.ts';
import type { Load, LoadResult } from './load.ts';

export const benchSecret = 'a secret for the benchmark';

interface Example {
  name: string;
  examples: Record<string, unknown>[];
}

/** GitHub's own examples of push events, 6 to 8 kB each. */
export function examplePushes(): Record<string, unknown>[] {
  const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as Example[];
  return examples.find(({ name }) => name === 'push')?.examples ?? [];
}

/** One of them, with its commits repeated until it has about 200 kB. */
export function largePush(): Record<string, unknown> {
  const event = examplePushes().find(({ commits }) => Array.isArray(commits) && commits.length > 0) ?? {};
  const commits = event.commits as unknown[];
  const times = Math.ceil(200_000 / JSON.stringify(commits).length);
  return { ...event, commits: Array.from({ length: times }, () => commits).flat() };
}

const addressSchema = z.object({ repository: z.object({ clone_url: z.string() }) });

/** The secret of the webhook of an event's repository. */
export function secretOf(event: object, master: string, index: string): string {
  const source = sourceOf(addressSchema.parse(event).repository.clone_url);
  return webhookSecret(master, repositoryScope(source, index));
}

/** Signed requests; each has a delivery id of its own when `count` is larger than the number of events. */
export async function signedRequests(
  path: string,
  events: readonly object[],
  count: number,
  secretFor: (event: object) => string,
): Promise<Uint8Array[]> {
  const bodies = await Promise.all(
    events.map(async (event) => {
      const body = JSON.stringify(event);
      return { body, signature: await sign(secretFor(event), body) };
    }),
  );
  return Array.from({ length: count }, (_, at) => {
    const { body = '', signature = '' } = bodies[at % bodies.length] ?? {};
    return Buffer.from(
      [
        `POST ${path} HTTP/1.1`,
        'Host: localhost',
        'Connection: keep-alive',
        'Content-Type: application/json',
        'User-Agent: GitHub-Hookshot/bench',
        'X-GitHub-Event: push',
        `X-GitHub-Delivery: ${crypto.randomUUID()}`,
        `X-Hub-Signature-256: ${signature}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n'),
    );
  });
}

/** Runs the load from another thread, after a warm-up that is not counted. */
export async function measure(load: Load): Promise<LoadResult> {
  await drive({ ...load, milliseconds: Math.min(2000, load.milliseconds) });
  return drive(load);
}

function drive(load: Load): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./load.ts', import.meta.url), { workerData: load });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
