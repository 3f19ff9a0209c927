import { createSecretKey, type KeyObject } from 'node:crypto';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { GitHost, GitHostKind } from '../core/model/git-host.ts';
import { once } from '../core/once.ts';
import { findRepository, findSource } from '../core/sources/source.ts';
import { parseJson } from '../core/text/parse-json.ts';
import type { EventForm } from '../core/triggers/event-form.ts';
import { forgejoEvents } from '../core/triggers/forgejo/events.ts';
import { githubEvents } from '../core/triggers/github/events.ts';
import { gitlabEvents } from '../core/triggers/gitlab/events.ts';
import {
  appScope,
  organizationScopes,
  repositoryScope,
  type WebhookScope,
  webhookSecret,
} from '../core/triggers/webhook.ts';
import type { RotatedSecret } from '../services/aws/secrets.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { eventSignatures } from '../services/git-host/event-signatures.ts';
import { indexSource } from '../services/git-host/index-address.ts';
import { openWebhookMaster } from '../services/git-host/webhook-secret.ts';

const eventForms: Record<GitHostKind, EventForm> = {
  github: githubEvents,
  gitlab: gitlabEvents,
  forgejo: forgejoEvents,
};

interface Services {
  master: RotatedSecret;
  triggers: Pick<Triggers, 'send'>;
  index: { source: string; gitHosts: readonly GitHost[] };
}

/**
 * `POST /webhooks/{kind}`: verifies, normalises and enqueues an event within the 10 s that git hosts wait. The body is never logged.
 * https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
 *
 * The event says which repository it is of; only a secret of that repository or of what contains it may have signed it. The identity of the
 * repository is read once, before the signature is checked, and nothing else in the body can say another.
 */
export function createWebhook({ master, triggers, index }: Services) {
  const subjects = createSubjects(index);

  return async function webhook(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
    const kind = event.pathParameters?.kind ?? '';
    if (!isKind(kind))
      return answer(404, { error: `Events are sent to /webhooks/ and ${Object.keys(eventForms).join(', ')}.` });
    const form = eventForms[kind];
    const body = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : (event.body ?? '');
    const { header, of: signatureOf } = eventSignatures[kind];
    const proves = signatureOf(event.headers, body);
    if (!proves) return answer(401, { error: `The header ${header} is missing: set a secret at the webhook.` });
    if (body === '') return answer(400, { error: 'The request has no body.' });
    const name = firstOf(event.headers, form.headers.event);
    const id = firstOf(event.headers, form.headers.delivery);
    const scanned = form.scan?.(name ?? '', body);
    const payload = scanned ? undefined : parseJson(body);
    if (!scanned && payload === undefined) {
      return answer(400, { error: 'The body is not JSON: set the content type application/json at the webhook.' });
    }
    const subject = scanned ? subjects.at(scanned.repository) : subjects.of(form, payload);
    if (!subject) return answer(401, { error: 'The body names no repository whose webhook could have signed it.' });
    const signerBy = (masters: readonly string[]) =>
      subject.signers.find(({ secretFrom }) => masters.some((each) => proves(secretFrom(each))));
    // The master secret may have been rotated since it was read.
    const signer = signerBy(await master.current()) ?? signerBy((await master.reread()) ?? []);
    if (!signer) return answer(401, { error: wrongSignature });
    if (!name || !id || !/^[\w-]{1,128}$/.test(id)) {
      return answer(400, { error: 'The headers with the event and the id of the delivery are needed.' });
    }
    const ignored = (reason: string) => answer(202, { delivery: id, ignored: reason });
    const read = Object.hasOwn(form.readers, name) ? form.readers[name] : undefined;
    const { source } = subject;
    if (!read || source === undefined) return ignored(`${name.slice(0, 50)} events start nothing`);
    // An organisation's webhook has the index's events too; the operators' app may sign them, and nobody else.
    if (source === index.source && signer.scope.kind !== 'index' && signer.scope.kind !== 'app')
      return ignored('the index has a webhook of its own');
    const delivery = { id, source };
    const trigger = scanned ? scanned.triggerFor(delivery) : read(payload, delivery);
    if (trigger === 'malformed') return answer(400, { error: `The body is no ${name} event.` });
    if (!trigger) return ignored(`this ${name} event starts nothing`);
    await triggers.send(trigger);
    return answer(202, { delivery: id });
  };
}

function isKind(kind: string): kind is GitHostKind {
  return Object.hasOwn(eventForms, kind);
}

function firstOf(headers: Readonly<Record<string, string | undefined>>, names: readonly string[]): string | undefined {
  return headers[names.find((name) => headers[name]) ?? ''];
}

const wrongSignature =
  "The signature does not match: it must be made with the secret of this repository's webhook. " +
  '"npx slipway webhook add OWNER/REPOSITORY" sets it, and sets it again after the repository was renamed.';

interface Signer {
  scope: WebhookScope;
  secretFrom(master: string): KeyObject;
}

interface Subject {
  /** The identity of the repository; undefined for an event of a whole organisation. */
  source?: string;
  /** Whose secrets may sign the event. */
  signers: Signer[];
}

/** How many repositories are remembered with their secrets. An event can name any, before its signature is checked. */
const mostRemembered = 1000;

/** Finds what an event says it is about, and remembers it: a busy repository sends many events. */
function createSubjects({ source: indexSource, gitHosts }: Services['index']) {
  const known = new Map<string, Subject>();

  function at(url: string): Subject | undefined {
    const found = known.get(url);
    if (found) return found;
    const source = findSource(url, gitHosts);
    if (source === undefined) return undefined;
    const scopes = [repositoryScope(source, indexSource), ...organizationScopes(source), ...appScopesAt(url)];
    const signers = scopes.map(signerFor);
    if (known.size >= mostRemembered) known.clear();
    const subject = { source, signers };
    // A copy: the address is a part of the body's text, which would be kept with it.
    known.set(Buffer.from(url).toString(), subject);
    return subject;
  }

  function appScopesAt(url: string): WebhookScope[] {
    const host = findRepository(gitHosts, url)?.host;
    return host?.kind === 'github' ? [appScope(host)] : [];
  }

  function of(form: EventForm, payload: unknown): Subject | undefined {
    const url = form.repositoryOf(payload);
    if (url !== undefined) return at(url);
    const organization = form.organizationOf?.(payload);
    if (organization === undefined) return undefined;
    const scopes = gitHosts.flatMap((host): WebhookScope[] => {
      const name = findSource(`${host.url}/${organization}`, gitHosts);
      const apps = host.kind === 'github' ? [appScope(host)] : [];
      return name === undefined ? apps : [{ kind: 'organization', name }, ...apps];
    });
    return { signers: scopes.map(signerFor) };
  }

  return {
    /** By the address of the repository. */
    at,
    /** By what was parsed of the body. */
    of,
  };
}

function signerFor(scope: WebhookScope): Signer {
  const known = new Map<string, KeyObject>();
  return {
    scope,
    secretFrom(master) {
      const secret = known.get(master) ?? createSecretKey(webhookSecret(master, scope), 'utf8');
      known.set(master, secret);
      return secret;
    },
  };
}

function answer(statusCode: number, body: object): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

const run = once(() => createWebhook({ master: openWebhookMaster(), triggers: openTriggers(), index: indexSource() }));

export function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event);
}
