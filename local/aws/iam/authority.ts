import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { AwsError, type Caller, type Keys, type Permission, type Authority as SharedAuthority } from '../service.ts';
import { type DenialReason, denial } from './denial.ts';
import { parsePolicy, type Request, roleArnOf, type Statement } from './policy.ts';

/** A statement of a deployed policy, and what it did so far. */
export interface StatementUse {
  /** The ARN of the role or resource that has the policy. */
  holder: string;
  /** The policy's name; for a resource's own policy `resource`. */
  policy: string;
  sid: string | undefined;
  effect: 'Allow' | 'Deny';
  statement: unknown;
  /** The calls that it applied to, as `action resource`, each once. */
  calls: string[];
  /** For an Allow: true when some call was allowed by this statement alone, so that it would have failed without it. */
  needed: boolean;
}

/** Judges every call of the account: who calls, and whether the policies allow it. */
export interface Authority extends SharedAuthority {
  putRole(arn: string, trust: unknown): void;
  /** Puts a policy at a role under a name; one that was there under the name gives way. */
  putRolePolicy(roleArn: string, name: string, document: unknown): void;
  /** The keys of the machine's owner, who may do everything. */
  ownerKeys(): Keys;
  /** Every statement of every deployed policy with what it did, so that a test can show that none is missing and none is idle. */
  usedStatements(): StatementUse[];
}

interface Held {
  readonly holder: string;
  readonly policy: string;
  readonly statement: Statement;
  readonly calls: Set<string>;
  needed: boolean;
}

interface Role {
  trust: Statement[];
  policies: Map<string, Held[]>;
}

interface Holder {
  caller: Caller;
  secretAccessKey: string;
}

const keyRow = z.object({
  access_key_id: z.string(),
  secret_access_key: z.string(),
  holder: z.string(),
  session: z.string(),
});
const ownerHolder = 'owner';

export function createAuthority(accountId: string, database: DatabaseSync): Authority {
  database.exec(`create table if not exists iam_keys (
    access_key_id text primary key, secret_access_key text not null, holder text not null, session text not null,
    unique (holder, session)) strict`);
  const insertKeys = database.prepare('insert into iam_keys values (?, ?, ?, ?)');
  const selectKeys = database.prepare('select * from iam_keys');

  const roles = new Map<string, Role>();
  const resources = new Map<string, Map<string, Held[]>>();
  const keys = new Map<string, Keys>();
  const holders = new Map<string, Holder>();

  const keep = (row: z.infer<typeof keyRow>): Keys => {
    const pair = { accessKeyId: row.access_key_id, secretAccessKey: row.secret_access_key };
    keys.set(`${row.holder} ${row.session}`, pair);
    holders.set(pair.accessKeyId, {
      caller: callerFor(row.holder, row.session),
      secretAccessKey: pair.secretAccessKey,
    });
    return pair;
  };
  const callerFor = (holder: string, session: string): Caller =>
    holder === ownerHolder
      ? { arn: `arn:aws:iam::${accountId}:root`, kind: 'owner' }
      : {
          arn: `arn:aws:sts::${accountId}:assumed-role/${holder.slice(holder.lastIndexOf('/') + 1)}/${session}`,
          kind: 'role',
        };
  for (const row of selectKeys.all()) keep(keyRow.parse(row));

  const keysFor = (holder: string, session: string): Keys => {
    const known = keys.get(`${holder} ${session}`);
    // A copy, because the SDK writes into what it is given.
    if (known) return { ...known };
    const row = {
      access_key_id: `AKIA${randomText(16)}`,
      secret_access_key: randomBytes(30).toString('base64'),
      holder,
      session,
    };
    insertKeys.run(row.access_key_id, row.secret_access_key, holder, session);
    return keep(row);
  };

  const roleAt = (arn: string): Role => {
    const role = roles.get(arn);
    if (!role)
      throw new AwsError(
        'NoSuchEntity',
        `The role with name ${arn.slice(arn.lastIndexOf('/') + 1)} cannot be found.`,
        404,
      );
    return role;
  };
  const holding = (holder: string, policy: string, statements: Statement[]): Held[] =>
    statements.map((statement) => ({ holder, policy, statement, calls: new Set(), needed: false }));

  const contextOf = (caller: Caller, permission: Permission): Request['context'] => {
    const service = caller.kind === 'service';
    const now = new Date();
    const context = new Map<string, readonly string[]>([
      // The loopback interface replaces TLS: no other machine can listen on it.
      ['aws:securetransport', ['true']],
      ['aws:currenttime', [now.toISOString()]],
      ['aws:epochtime', [String(Math.floor(now.getTime() / 1000))]],
      ['aws:requestedregion', ['us-east-1']],
      ['aws:resourceaccount', [accountId]],
      ['aws:principalisawsservice', [String(service)]],
      ['aws:viaawsservice', ['false']],
    ]);
    if (service) {
      context.set('aws:principalservicename', [caller.arn.replace(/^service:/, '')]);
      context.set('aws:sourceaccount', [accountId]);
      if (caller.sourceArn) context.set('aws:sourcearn', [caller.sourceArn]);
    } else if (caller.kind === 'role') {
      context.set('aws:principalarn', [roleArnOf(caller.arn)]);
      context.set('aws:principalaccount', [accountId]);
      context.set('aws:principaltype', ['AssumedRole']);
    }
    for (const [key, value] of Object.entries(permission.context ?? {})) context.set(key.toLowerCase(), [value].flat());
    return context;
  };

  /** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html */
  const judge = (caller: Caller, permission: Permission): DenialReason | undefined => {
    const request = { caller, ...permission, context: contextOf(caller, permission) };
    const applying = (policies: Iterable<Held[]>) =>
      [...policies].flat().filter(({ statement }) => statement.applies(request));
    const identity = caller.kind === 'role' ? applying(roles.get(roleArnOf(caller.arn))?.policies.values() ?? []) : [];
    const resource = applying(resources.get(policyHolder(permission.resource))?.values() ?? []);

    const all = [...identity, ...resource];
    for (const { calls } of all) calls.add(`${permission.action} ${permission.resource}`);
    const denies = ({ statement }: Held) => statement.effect === 'Deny';
    if (identity.some(denies)) return { explicit: true, policy: 'identity' };
    if (resource.some(denies)) return { explicit: true, policy: 'resource' };
    const [first, ...others] = all;
    if (!first) return { explicit: false, policy: caller.kind === 'role' ? 'identity' : 'resource' };
    if (others.length === 0) first.needed = true;
    return undefined;
  };

  return {
    keysOf(roleArn, session = 'slipway') {
      roleAt(roleArn);
      return keysFor(roleArn, session.replace(/[^\w+=,.@-]/g, '-').slice(0, 64));
    },
    ownerKeys: () => keysFor(ownerHolder, ''),
    callerOf(accessKeyId) {
      const caller = holders.get(accessKeyId)?.caller;
      // A role that the template no longer contains loses its keys.
      return caller?.kind === 'role' && !roles.has(roleArnOf(caller.arn)) ? undefined : caller;
    },
    secretOf: (accessKeyId) => holders.get(accessKeyId)?.secretAccessKey,
    assertTrusts(roleArn, service, sourceArn) {
      const caller: Caller = {
        arn: `service:${service}`,
        kind: 'service',
        ...(sourceArn !== undefined && { sourceArn }),
      };
      const permission = { action: 'sts:AssumeRole', resource: roleArn };
      const request = { caller, ...permission, context: contextOf(caller, permission) };
      const effects = roleAt(roleArn)
        .trust.filter((statement) => statement.applies(request))
        .map(({ effect }) => effect);
      if (effects.includes('Deny') || !effects.includes('Allow')) {
        throw new AwsError(
          'AccessDenied',
          `${service} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
          403,
        );
      }
    },
    authorize(caller, permissions) {
      if (caller.kind === 'owner') return;
      for (const permission of permissions) {
        const reason = judge(caller, permission);
        if (reason) throw denial(caller, permission, reason);
      }
    },
    setResourcePolicy(resourceArn, document) {
      const policies = resources.get(resourceArn) ?? new Map<string, Held[]>();
      policies.set('resource', holding(resourceArn, 'resource', parsePolicy(document, 'resource')));
      resources.set(resourceArn, policies);
    },
    addResourceStatement(resourceArn, sid, statement) {
      const policies = resources.get(resourceArn) ?? new Map<string, Held[]>();
      policies.set(sid, holding(resourceArn, sid, parsePolicy({ Statement: statement }, 'resource')));
      resources.set(resourceArn, policies);
    },
    putRole(arn, trust) {
      roles.set(arn, { trust: parsePolicy(trust, 'trust'), policies: roles.get(arn)?.policies ?? new Map() });
    },
    putRolePolicy(roleArn, name, document) {
      roleAt(roleArn).policies.set(name, holding(roleArn, name, parsePolicy(document, 'identity')));
    },
    usedStatements: () =>
      [...roles.values()]
        .flatMap(({ policies }) => [...policies.values()])
        .concat([...resources.values()].flatMap((policies) => [...policies.values()]))
        .flat()
        .map(({ holder, policy, statement, calls, needed }) => ({
          holder,
          policy,
          sid: statement.source.Sid,
          effect: statement.effect,
          statement: statement.source,
          calls: [...calls],
          needed,
        })),
  };
}

/** The resource whose policy decides on a permission: that of objects is their bucket's. */
function policyHolder(resource: string): string {
  return resource.startsWith('arn:aws:s3:::') ? (resource.split('/')[0] ?? resource) : resource;
}

function randomText(length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('');
}
