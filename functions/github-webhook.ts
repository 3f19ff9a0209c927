import { verify } from '@octokit/webhooks-methods';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Trigger } from '../core/model/trigger.ts';
import { once } from '../core/once.ts';
import { approvalTrigger, commentEventSchema } from '../core/triggers/github-comment.ts';
import { pullRequestEventSchema, pullRequestTrigger } from '../core/triggers/github-pull-request.ts';
import { pushEventSchema, pushTrigger } from '../core/triggers/github-push.ts';
import { scanPushEvent } from '../core/triggers/push-event-scanner.ts';
import type { Secret } from '../services/aws/secrets.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { openWebhookSecret } from '../services/git-host/webhook-secret.ts';

interface Services {
  secret: Secret;
  triggers: Pick<Triggers, 'send'>;
}

/**
 * `POST /webhooks/github`: verifies, normalises and enqueues an event within the 10 s that GitHub waits. The body is never logged.
 * https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
 */
export function createGithubWebhook({ secret, triggers }: Services) {
  async function isSigned(body: string, signature: string): Promise<boolean> {
    if (await verify(await secret.current(), body, signature)) return true;
    // The secret may have been rotated since it was read.
    const reread = secret.reread();
    return reread !== undefined && (await verify(await reread, body, signature));
  }

  return async function githubWebhook(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
    const name = event.headers['x-github-event'];
    const delivery = event.headers['x-github-delivery'];
    const signature = event.headers['x-hub-signature-256'];
    if (!signature)
      return answer(401, { error: 'The header X-Hub-Signature-256 is missing: set a secret at the webhook.' });
    const body = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : (event.body ?? '');
    if (body === '') return answer(400, { error: 'The request has no body.' });
    if (!(await isSigned(body, signature))) {
      return answer(401, { error: 'The signature does not match: the webhook and Slipway have different secrets.' });
    }
    if (!name || !delivery || !/^[\w-]{1,128}$/.test(delivery)) {
      return answer(400, { error: 'The headers X-GitHub-Event and X-GitHub-Delivery are needed.' });
    }
    const payload = (name === 'push' ? scanPushEvent(body) : undefined) ?? parseJson(body);
    if (payload === undefined) {
      return answer(400, { error: 'The body is no JSON: set the content type application/json at the webhook.' });
    }
    const read = events.get(name);
    if (!read) return answer(202, { delivery, ignored: `${name.slice(0, 50)} events start nothing` });
    const trigger = read(payload, delivery);
    if (trigger === 'malformed') return answer(400, { error: `The body is no ${name} event.` });
    if (!trigger) return answer(202, { delivery, ignored: `this ${name} event starts nothing` });
    await triggers.send(trigger);
    return answer(202, { delivery });
  };
}

type Reader = (payload: unknown, delivery: string) => Trigger | undefined | 'malformed';

const events = new Map<string, Reader>([
  ['push', reader(pushEventSchema, pushTrigger)],
  ['pull_request', reader(pullRequestEventSchema, pullRequestTrigger)],
  ['issue_comment', reader(commentEventSchema, approvalTrigger)],
]);

function reader<Event>(
  schema: { safeParse(payload: unknown): { success: true; data: Event } | { success: false } },
  triggerOf: (event: Event, delivery: string) => Trigger | undefined,
): Reader {
  return (payload, delivery) => {
    const event = schema.safeParse(payload);
    return event.success ? triggerOf(event.data, delivery) : 'malformed';
  };
}

function answer(statusCode: number, body: object): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const run = once(() => createGithubWebhook({ secret: openWebhookSecret(), triggers: openTriggers() }));

export function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event);
}
