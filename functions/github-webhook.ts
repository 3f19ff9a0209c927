import { verify } from '@octokit/webhooks-methods';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Trigger } from '../core/model/trigger.ts';
import { once } from '../core/once.ts';
import { findSource } from '../core/sources/source.ts';
import { approvalTrigger, commentEventSchema } from '../core/triggers/github-comment.ts';
import { pullRequestEventSchema, pullRequestTrigger } from '../core/triggers/github-pull-request.ts';
import { pushEventSchema, pushTrigger } from '../core/triggers/github-push.ts';
import { scanPushEvent } from '../core/triggers/push-event-scanner.ts';
import {
  type Delivery,
  organizationScope,
  repositoryScope,
  type WebhookEvent,
  type WebhookScope,
  webhookSecret,
} from '../core/triggers/webhook.ts';
import type { RotatedSecret } from '../services/aws/secrets.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { indexSource } from '../services/git-host/index-address.ts';
import { openWebhookMaster } from '../services/git-host/webhook-secret.ts';

interface Services {
  master: RotatedSecret;
  triggers: Pick<Triggers, 'send'>;
  index: { source: string; gitHost: string };
}

/**
 * `POST /webhooks/github`: verifies, normalises and enqueues an event within the 10 s that GitHub waits. The body is never logged.
 * https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
 *
 * The event says which repository it is of; only a secret of that repository or its organisation may have signed it. The identity of the
 * repository is read once, before the signature is checked, and nothing else in the body can say another.
 */
export function createGithubWebhook({ master, triggers, index }: Services) {
  const subjectOf = createSubjects(index);

  /** Which of the signers signed the body. */
  async function signerOf(body: string, signature: string, signers: Signer[]): Promise<Signer | undefined> {
    const signer = await findSigner(await master.current());
    if (signer) return signer;
    // The master secret may have been rotated since it was read.
    const reread = master.reread();
    return reread && findSigner(await reread);

    async function findSigner(masters: readonly string[]): Promise<Signer | undefined> {
      for (const each of masters) {
        for (const one of signers) if (await verify(one.secretFrom(each), body, signature)) return one;
      }
      return undefined;
    }
  }

  return async function githubWebhook(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
    const name = event.headers['x-github-event'];
    const id = event.headers['x-github-delivery'];
    const signature = event.headers['x-hub-signature-256'];
    if (!signature)
      return answer(401, { error: 'The header X-Hub-Signature-256 is missing: set a secret at the webhook.' });
    const body = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : (event.body ?? '');
    if (body === '') return answer(400, { error: 'The request has no body.' });
    const payload = (name === 'push' ? scanPushEvent(body) : undefined) ?? parseJson(body);
    if (payload === undefined) {
      return answer(400, { error: 'The body is no JSON: set the content type application/json at the webhook.' });
    }
    const subject = subjectOf(payload);
    if (!subject) return answer(401, { error: 'The body names no repository whose webhook could have signed it.' });
    const signer = await signerOf(body, signature, subject.signers);
    if (!signer) return answer(401, { error: wrongSignature });
    if (!name || !id || !/^[\w-]{1,128}$/.test(id)) {
      return answer(400, { error: 'The headers X-GitHub-Event and X-GitHub-Delivery are needed.' });
    }
    const ignored = (reason: string) => answer(202, { delivery: id, ignored: reason });
    const read = readers.get(name);
    const { source } = subject;
    if (!read || source === undefined) return ignored(`${name.slice(0, 50)} events start nothing`);
    if (source === index.source && signer.scope.kind !== 'index') return ignored('the index has a webhook of its own');
    const trigger = read(payload, { id, source });
    if (trigger === 'malformed') return answer(400, { error: `The body is no ${name} event.` });
    if (!trigger) return ignored(`this ${name} event starts nothing`);
    await triggers.send(trigger);
    return answer(202, { delivery: id });
  };
}

const wrongSignature =
  "The signature does not match: it must be made with the secret of this repository's webhook. " +
  '"npx slipway webhook add OWNER/REPOSITORY" sets it, and sets it anew after the repository was renamed.';

interface Signer {
  scope: WebhookScope;
  secretFrom(master: string): string;
}

interface Subject {
  /** The identity of the repository; undefined for an event of a whole organisation. */
  source?: string;
  /** Whose secrets may sign the event. */
  signers: Signer[];
}

const repositorySchema = z.object({ repository: z.object({ clone_url: z.string().check(z.maxLength(2048)) }) });
/** The ping of an organisation's webhook names no repository. */
const organizationSchema = z.object({
  organization: z.object({ login: z.string().check(z.regex(/^[\w.-]{1,100}$/)) }),
});

/** How many repositories are remembered with their secrets. An event can name any, before its signature is checked. */
const mostRemembered = 1000;

/** Finds what an event says it is about, and remembers it: a busy repository sends many events. */
function createSubjects({ source: indexSource, gitHost }: Services['index']) {
  const known = new Map<string, Subject>();

  function repositoryAt(url: string): Subject | undefined {
    const found = known.get(url);
    if (found) return found;
    const source = findSource(url, gitHost);
    if (source === undefined) return undefined;
    const signers = [signerFor(repositoryScope(source, indexSource)), signerFor(organizationScope(source))];
    if (known.size >= mostRemembered) known.clear();
    known.set(url, { source, signers });
    return known.get(url);
  }

  return function subjectOf(payload: unknown): Subject | undefined {
    const ofRepository = repositorySchema.safeParse(payload);
    if (ofRepository.success) return repositoryAt(ofRepository.data.repository.clone_url);
    const ofOrganization = organizationSchema.safeParse(payload);
    const name = ofOrganization.success && findSource(`${gitHost}/${ofOrganization.data.organization.login}`, gitHost);
    return name ? { signers: [signerFor({ kind: 'organization', name })] } : undefined;
  };
}

function signerFor(scope: WebhookScope): Signer {
  const known = new Map<string, string>();
  return {
    scope,
    secretFrom(master) {
      const secret = known.get(master) ?? webhookSecret(master, scope);
      known.set(master, secret);
      return secret;
    },
  };
}

type Reader = (payload: unknown, delivery: Delivery) => Trigger | undefined | 'malformed';

const readers = new Map<string, Reader>(
  Object.entries({
    push: reader(pushEventSchema, pushTrigger),
    pull_request: reader(pullRequestEventSchema, pullRequestTrigger),
    issue_comment: reader(commentEventSchema, approvalTrigger),
  } satisfies Record<WebhookEvent, Reader>),
);

function reader<Event>(
  schema: { safeParse(payload: unknown): { success: true; data: Event } | { success: false } },
  triggerOf: (event: Event, delivery: Delivery) => Trigger | undefined,
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

const run = once(() =>
  createGithubWebhook({ master: openWebhookMaster(), triggers: openTriggers(), index: indexSource() }),
);

export function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event);
}
