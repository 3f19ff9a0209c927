import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { App, Apps, Installation } from './apps.ts';
import type { Repositories } from './repositories.ts';
import { isoSeconds } from './repository-json.ts';
import { sendWebhook, type Webhook } from './webhook.ts';

/** An event that waits to be written into the journal, with the rows that it belongs to. */
export interface NewEvent {
  event: string;
  repositoryId: number;
  payload: unknown;
}

/** A delivery as GitHub's REST API lists it. https://docs.github.com/en/rest/repos/webhooks */
export interface DeliverySummary {
  id: number;
  guid: string;
  delivered_at: string;
  redelivery: boolean;
  /** Seconds. */
  duration: number;
  status: string;
  status_code: number;
  event: string;
  action: null;
  installation_id: null;
  repository_id: number;
  throttled_at: null;
}

export interface DeliveryDetail extends DeliverySummary {
  url: string;
  request: { headers: Record<string, string>; payload: unknown };
  response: { headers: Record<string, string>; payload: string };
}

export interface Deliveries {
  /**
   * Writes an event into the journal, for the webhook and for the apps that are installed on the repository, inside the caller's
   * transaction. It is sent once `pump` is called.
   */
  add(event: NewEvent): void;
  /** The same for an event that an app alone gets. */
  addForApp(installation: Installation, event: NewEvent): void;
  /** Sends what waits, as far as the host is started and has a webhook. */
  pump(): void;
  /** Newest first; `before` is the id after which the page begins. Those of a repository's webhook, of an app, or all. */
  list(page: { repositoryId?: number; appId?: number; limit: number; before?: number | undefined }): DeliverySummary[];
  find(id: number): DeliveryDetail | undefined;
  /** Sends a delivery once more, with the same GUID. False: there is none of this id. */
  redeliver(id: number): boolean;
  setWebhook(webhook: Webhook): void;
  /** Whether the webhook gets the events of a repository. What happens while it does not is never sent. */
  isActive(repositoryId: number): boolean;
  changeHook(repositoryId: number, change: HookChange): void;
  start(): void;
  /** What is under way is sent again after the next start. */
  stop(): Promise<void>;
}

/** What somebody has changed at the webhook of one repository. */
export interface HookChange {
  active?: boolean | undefined;
  secret?: string | undefined;
}

/** GitHub keeps deliveries for three days. */
const keepMilliseconds = 3 * 24 * 60 * 60 * 1000;
/** A larger payload is not sent at all. https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
const maxPayloadBytes = 25 * 1024 * 1024;
const concurrency = 4;

/**
 * The journal of webhook deliveries. An event is in it before the push is answered, so that neither a kill nor a missing webhook
 * loses it. Once an attempt has ended, well or badly, it is GitHub's rule that nothing is sent again by itself.
 */
export function createDeliveries({
  database,
  repositories,
  apps,
  log,
}: {
  database: DatabaseSync;
  repositories: Pick<Repositories, 'get'>;
  apps: Pick<Apps, 'watching' | 'byIssuer'>;
  log: (message: string) => void;
}): Deliveries {
  database.exec(`create table if not exists git_deliveries (
    id integer primary key autoincrement,
    guid text not null,
    event text not null,
    repository_id integer not null,
    redelivery integer not null,
    payload text not null,
    created_at integer not null,
    delivered_at integer,
    duration real,
    status text,
    status_code integer,
    url text,
    request_headers text,
    response_headers text,
    response_body text
  ) strict;
  create index if not exists git_deliveries_waiting on git_deliveries (id) where delivered_at is null;
  create table if not exists git_app_deliveries (delivery_id integer primary key, app_id integer not null) strict;
  create table if not exists git_hooks (repository_id integer primary key, active integer, secret text) strict;`);
  const changed = database.prepare('select active, secret from git_hooks where repository_id = ?');
  const isActive = (repositoryId: number) => changed.get(repositoryId)?.active !== 0;
  const summary = 'id, guid, event, repository_id, redelivery, created_at, delivered_at, duration, status, status_code';
  const waiting = database.prepare(
    'select id, guid, event, repository_id, payload from git_deliveries where delivered_at is null order by id limit 100',
  );
  const underWay = new Map<number, Promise<void>>();
  let webhook: Webhook | undefined;
  let stopping: AbortController | undefined;

  const appDelivery = database.prepare('select app_id from git_app_deliveries where delivery_id = ?');

  /** @returns the delivery's id; undefined if it is too large to be sent */
  function add(
    { event, repositoryId, payload }: NewEvent,
    guid: string = randomUUID(),
    redelivery = false,
  ): number | undefined {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    if (Buffer.byteLength(text) > maxPayloadBytes) {
      log(`a ${event} event of more than 25 MB is not sent, as on GitHub`);
      return undefined;
    }
    const { lastInsertRowid } = database
      .prepare(
        'insert into git_deliveries (guid, event, repository_id, redelivery, payload, created_at) values (?, ?, ?, ?, ?, ?)',
      )
      .run(guid, event, repositoryId, redelivery ? 1 : 0, text, Date.now());
    return Number(lastInsertRowid);
  }

  function addForApp({ id, app }: Installation, event: NewEvent): void {
    const installation = { id, node_id: Buffer.from(`23:Integration${id}`).toString('base64') };
    const delivery = add({ ...event, payload: { installation, ...(event.payload as object) } });
    if (delivery !== undefined) database.prepare('insert into git_app_deliveries values (?, ?)').run(delivery, app.id);
  }

  /** The app that a delivery is for; undefined for one of the webhook. */
  function appOf(delivery: number): App | undefined {
    const id = appDelivery.get(delivery)?.app_id;
    return id === undefined ? undefined : apps.byIssuer(String(id));
  }

  function pump(): void {
    if (!webhook || !stopping) return;
    for (const row of waiting.all()) {
      if (underWay.size >= concurrency) return;
      const id = Number(row.id);
      if (underWay.has(id)) continue;
      const attempt = send(id, row, webhook, stopping.signal).finally(() => {
        underWay.delete(id);
        pump();
      });
      underWay.set(id, attempt);
    }
  }

  async function secretOf(repositoryId: number, webhook: Webhook): Promise<string> {
    const own = changed.get(repositoryId)?.secret;
    const repository = repositories.get(repositoryId);
    if (typeof own === 'string' || !repository) return String(own ?? '');
    return webhook.secretOf(repository);
  }

  async function send(id: number, row: Record<string, unknown>, webhook: Webhook, stop: AbortSignal): Promise<void> {
    const message = {
      guid: String(row.guid),
      event: String(row.event),
      repositoryId: Number(row.repository_id),
      payload: String(row.payload),
    };
    const app = appOf(id);
    const url = app?.hook.url ?? webhook.url;
    const secret = app?.hook.secret ?? (await secretOf(message.repositoryId, webhook));
    const startedAt = Date.now();
    const outcome = await sendWebhook({ url, secret, appId: app?.id }, message, stop);
    if (stop.aborted) return;
    const duration = Math.round((Date.now() - startedAt) / 10) / 100;
    database
      .prepare(`update git_deliveries set delivered_at = ?, duration = ?, status = ?, status_code = ?, url = ?,
        request_headers = ?, response_headers = ?, response_body = ? where id = ?`)
      .run(
        startedAt,
        duration,
        outcome.status,
        outcome.code,
        url,
        JSON.stringify(outcome.requestHeaders),
        JSON.stringify(outcome.headers),
        outcome.body,
        id,
      );
    database.prepare('delete from git_deliveries where delivered_at < ?').run(Date.now() - keepMilliseconds);
    log(`${row.event} event ${row.guid}: ${outcome.status}`);
  }

  return {
    add(event) {
      if (isActive(event.repositoryId)) add(event);
      for (const installation of apps.watching({ id: event.repositoryId })) {
        if (installation.app.manifest.default_events.includes(event.event)) addForApp(installation, event);
      }
    },
    addForApp,
    isActive,
    changeHook(repositoryId, { active, secret }) {
      database
        .prepare(
          `insert into git_hooks values (:id, :active, :secret) on conflict do update
           set active = coalesce(:active, active), secret = coalesce(:secret, secret)`,
        )
        .run({ id: repositoryId, active: active === undefined ? null : Number(active), secret: secret ?? null });
    },
    pump,
    list({ repositoryId, appId, limit, before }) {
      const [of, value] =
        appId !== undefined
          ? ['id in (select delivery_id from git_app_deliveries where app_id = ?)', appId]
          : repositoryId !== undefined
            ? ['repository_id = ? and id not in (select delivery_id from git_app_deliveries)', repositoryId]
            : ['? = 0', 0];
      return database
        .prepare(`select ${summary} from git_deliveries where id < ? and ${of} order by id desc limit ?`)
        .all(before ?? Number.MAX_SAFE_INTEGER, value, limit)
        .map(summaryOf);
    },
    find(id) {
      const row = database
        .prepare(
          `select ${summary}, payload, url, request_headers, response_headers, response_body from git_deliveries where id = ?`,
        )
        .get(id);
      return (
        row && {
          ...summaryOf(row),
          url: String(row.url ?? webhook?.url ?? ''),
          request: { headers: parsed(row.request_headers), payload: JSON.parse(String(row.payload)) },
          response: { headers: parsed(row.response_headers), payload: String(row.response_body ?? '') },
        }
      );
    },
    redeliver(id) {
      const row = database
        .prepare('select guid, event, repository_id, payload from git_deliveries where id = ?')
        .get(id);
      if (!row) return false;
      const event = { event: String(row.event), repositoryId: Number(row.repository_id), payload: String(row.payload) };
      add(event, String(row.guid), true);
      pump();
      return true;
    },
    setWebhook(registered) {
      webhook = registered;
      pump();
    },
    start() {
      stopping = new AbortController();
      pump();
    },
    async stop() {
      stopping?.abort();
      stopping = undefined;
      await Promise.all(underWay.values());
    },
  };
}

function summaryOf(row: Record<string, unknown>): DeliverySummary {
  return {
    id: Number(row.id),
    guid: String(row.guid),
    delivered_at: isoSeconds(Number(row.delivered_at ?? row.created_at)),
    redelivery: row.redelivery === 1,
    duration: Number(row.duration ?? 0),
    status: String(row.status ?? 'pending'),
    status_code: Number(row.status_code ?? 0),
    event: String(row.event),
    action: null,
    installation_id: null,
    repository_id: Number(row.repository_id),
    throttled_at: null,
  };
}

function parsed(value: unknown): Record<string, string> {
  return JSON.parse(String(value ?? '{}')) as Record<string, string>;
}
