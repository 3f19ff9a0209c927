import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Repository } from './repositories.ts';

const levels = ['read', 'write', 'admin'] as const;

/** By their names in GitHub's API: `{contents: 'read'}`. */
export const permissionsSchema = z.record(z.string().regex(/^[a-z_]{1,50}$/), z.enum(levels));
export type Permissions = z.infer<typeof permissionsSchema>;

/** https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest#github-app-manifest-parameters */
export const manifestSchema = z.object({
  name: z.string().min(1).max(34),
  url: z.url({ protocol: /^https?$/ }),
  hook_attributes: z.object({ url: z.url({ protocol: /^https?$/ }), active: z.boolean().default(true) }).optional(),
  redirect_url: z.url({ protocol: /^https?$/ }),
  description: z.string().default(''),
  public: z.boolean().default(false),
  default_permissions: permissionsSchema.default({}),
  default_events: z.array(z.string().regex(/^[a-z_]{1,50}$/)).default([]),
});

export type Manifest = z.infer<typeof manifestSchema>;

export interface App {
  id: number;
  slug: string;
  clientId: string;
  owner: string;
  publicKey: string;
  hook: { url: string | undefined; secret: string };
  manifest: Manifest;
}

export interface Installation {
  id: number;
  app: App;
  account: string;
  createdAt: number;
  suspendedAt: number | undefined;
  repositoryIds: number[];
}

/** What a token of an installation may do, and with which repositories. */
export interface InstallationGrant {
  installation: Installation;
  repositoryIds: readonly number[];
  permissions: Permissions;
}

/** What only the answer to the conversion of a manifest has: the host keeps neither. */
export interface NewApp {
  app: App;
  privateKey: string;
  clientSecret: string;
}

/** GitHub keeps the code of a manifest for an hour; a token of an installation lives for as long. */
const hourMilliseconds = 3_600_000;

/** The GitHub Apps of the host: who they are, where they are installed, and the tokens of their installations. */
export function createApps(database: DatabaseSync) {
  database.exec(`create table if not exists git_apps (
    id integer primary key autoincrement,
    slug text not null unique,
    client_id text not null unique,
    owner text not null,
    public_key text not null,
    hook_secret text not null,
    manifest text not null
  ) strict;
  create table if not exists git_installations (
    id integer primary key autoincrement,
    app_id integer not null,
    account text not null collate nocase,
    created_at integer not null,
    suspended_at integer,
    repositories text not null
  ) strict;
  create table if not exists git_installation_tokens (
    hash text primary key,
    installation_id integer not null,
    repositories text not null,
    permissions text not null,
    expires_at integer not null
  ) strict, without rowid;`);
  /** By their codes; whoever restarts the machine in between begins again. */
  const manifests = new Map<string, { manifest: Manifest; owner: string; until: number }>();

  const appOf = (row: Record<string, unknown>): App => {
    const manifest = manifestSchema.parse(JSON.parse(String(row.manifest)));
    const { slug, client_id, owner, public_key, hook_secret } = row;
    return {
      id: Number(row.id),
      slug: String(slug),
      clientId: String(client_id),
      owner: String(owner),
      publicKey: String(public_key),
      manifest,
      hook: { url: manifest.hook_attributes?.url, secret: String(hook_secret) },
    };
  };
  const find = (column: 'id' | 'client_id' | 'slug', value: string | number): App | undefined => {
    const row = database.prepare(`select * from git_apps where ${column} = ?`).get(value);
    return row && appOf(row);
  };
  const installationOf = (row: Record<string, unknown>): Installation => {
    const app = find('id', Number(row.app_id));
    if (!app) throw new Error(`The installation ${row.id} has no app.`);
    return {
      id: Number(row.id),
      app,
      account: String(row.account),
      createdAt: Number(row.created_at),
      suspendedAt: row.suspended_at === null ? undefined : Number(row.suspended_at),
      repositoryIds: JSON.parse(String(row.repositories)) as number[],
    };
  };
  const installation = (id: number): Installation | undefined => {
    const row = database.prepare('select * from git_installations where id = ?').get(id);
    return row && installationOf(row);
  };

  return {
    bySlug: (slug: string) => find('slug', slug),
    /** An app signs with its id or its client id. */
    byIssuer: (issuer: string) => find(/^\d{1,15}$/.test(issuer) ? 'id' : 'client_id', issuer),

    /** Keeps a manifest until its code is converted. */
    begin(manifest: Manifest, owner: string): string {
      const code = randomBytes(20).toString('hex');
      manifests.set(code, { manifest, owner, until: Date.now() + hourMilliseconds });
      return code;
    },

    /** Makes the app of a manifest; undefined for a code that is not known, or was used. */
    convert(code: string): NewApp | undefined {
      const begun = manifests.get(code);
      manifests.delete(code);
      if (!begun || begun.until < Date.now()) return undefined;
      const { manifest, owner } = begun;
      const { publicKey, privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      });
      const words = manifest.name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
      const slug = find('slug', words) ? `${words}-${randomBytes(3).toString('hex')}` : words;
      const row = database
        .prepare(
          'insert into git_apps (slug, client_id, owner, public_key, hook_secret, manifest) values (?, ?, ?, ?, ?, ?) returning *',
        )
        .get(
          ...[slug, `Iv23li${randomBytes(7).toString('hex')}`, owner, publicKey],
          ...[randomBytes(20).toString('hex'), JSON.stringify(manifest)],
        );
      return row && { app: appOf(row), privateKey, clientSecret: randomBytes(20).toString('hex') };
    },

    changeHook(app: App, change: { secret?: string | undefined; url?: string | undefined }): App {
      const { secret = app.hook.secret, url = app.hook.url } = change;
      const manifest = { ...app.manifest, hook_attributes: url && { url, active: true } };
      database
        .prepare('update git_apps set hook_secret = ?, manifest = ? where id = ?')
        .run(secret, JSON.stringify(manifest), app.id);
      return find('id', app.id) ?? app;
    },

    installation,
    installations: (app: App): Installation[] =>
      database.prepare('select * from git_installations where app_id = ? order by id').all(app.id).map(installationOf),

    /** Those that see what happens in a repository. */
    watching: ({ id }: Pick<Repository, 'id'>): Installation[] =>
      database
        .prepare('select * from git_installations where suspended_at is null order by id')
        .all()
        .map(installationOf)
        .filter(({ repositoryIds }) => repositoryIds.includes(id)),

    /** Installs an app for repositories of an account, or changes which ones these are. */
    install(
      app: App,
      account: string,
      repositoryIds: readonly number[],
    ): { installation: Installation; isNew: boolean } {
      const known = database
        .prepare('select * from git_installations where app_id = ? and account = ?')
        .get(app.id, account);
      const text = JSON.stringify(repositoryIds);
      const row = known
        ? database
            .prepare('update git_installations set repositories = ? where id = ? returning *')
            .get(text, Number(known.id))
        : database
            .prepare(
              'insert into git_installations (app_id, account, created_at, repositories) values (?, ?, ?, ?) returning *',
            )
            .get(app.id, account, Date.now(), text);
      return { installation: installationOf(row ?? {}), isNew: !known };
    },

    /** With its tokens, which no longer count. */
    uninstall({ id }: Installation): void {
      database.prepare('delete from git_installations where id = ?').run(id);
      database.prepare('delete from git_installation_tokens where installation_id = ?').run(id);
    },

    suspend({ id }: Installation, isSuspended: boolean): void {
      database
        .prepare('update git_installations set suspended_at = ? where id = ?')
        .run(isSuspended ? Date.now() : null, id);
    },

    /** Of a token, the host keeps only what it is known by. */
    mint({ installation, repositoryIds, permissions }: InstallationGrant): { token: string; expiresAt: number } {
      const token = `ghs_${randomBytes(27).toString('base64url')}`;
      const expiresAt = Date.now() + hourMilliseconds;
      database
        .prepare('insert into git_installation_tokens values (?, ?, ?, ?, ?)')
        .run(hashOf(token), installation.id, JSON.stringify(repositoryIds), JSON.stringify(permissions), expiresAt);
      database.prepare('delete from git_installation_tokens where expires_at < ?').run(Date.now());
      return { token, expiresAt };
    },

    /** What a token is for; undefined if it is none, has expired, or its installation is suspended or gone. */
    grantOf(token: string): InstallationGrant | undefined {
      if (!token.startsWith('ghs_')) return undefined;
      const row = database
        .prepare('select * from git_installation_tokens where hash = ? and expires_at > ?')
        .get(hashOf(token), Date.now());
      const found = row && installation(Number(row.installation_id));
      if (!row || !found || found.suspendedAt !== undefined) return undefined;
      const given = JSON.parse(String(row.repositories)) as number[];
      return {
        installation: found,
        repositoryIds: given.filter((id) => found.repositoryIds.includes(id)),
        permissions: permissionsSchema.parse(JSON.parse(String(row.permissions))),
      };
    },
  };
}

export type Apps = ReturnType<typeof createApps>;

/** Whether what is granted has what is wanted. Who may write may read. */
export function includes(granted: Permissions, name: string, wanted: Permissions[string]): boolean {
  const level = granted[name];
  return level !== undefined && levels.indexOf(level) >= levels.indexOf(wanted);
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
