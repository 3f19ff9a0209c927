import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import {
  AwsError,
  accountIn,
  type Caller,
  type Keys,
  type Permission,
  type Session,
  type Authority as SharedAuthority,
} from '../service.ts';
import { createAccessKeys } from './access-keys.ts';
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
  /** Calls that it applied to, as `action resource`, each once: the first ones. */
  calls: string[];
  /** For an Allow: true when some call was allowed by this statement alone, so that it would have failed without it. */
  needed: boolean;
}

/** Judges every call of the account: who calls (`access-keys.ts`), and whether the policies allow it. */
export interface Authority extends SharedAuthority {
  /** @param maxSessionSeconds how long a session of the role may last */
  putRole(arn: string, trust: unknown, maxSessionSeconds?: number): void;
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
  maxSessionSeconds: number;
  policies: Map<string, Held[]>;
}

const hourSeconds = 3600;
/** Kept for each statement: every build has resources of its own, and a machine runs for months. */
const mostCalls = 20;

export function createAuthority(accountId: string, database: DatabaseSync): Authority {
  const accessKeys = createAccessKeys(accountId, database);
  const { owner } = accessKeys;

  const roles = new Map<string, Role>();
  const resources = new Map<string, Map<string, Held[]>>();
  const sessions = new Map<string, { session: Session; policy: Statement[] | undefined }>();

  /** A bucket's ARN names no account: that of CDK's assets has it in its name, and all others are the machine's. */
  const ownerOf = (resource: string): string =>
    accountIn(resource) || (/^arn:aws:s3:::cdk-\w+-assets-(\d{12})-/.exec(resource)?.[1] ?? accountId);

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
      ['aws:resourceaccount', [ownerOf(permission.resource)]],
      ['aws:principalisawsservice', [String(service)]],
      ['aws:viaawsservice', ['false']],
    ]);
    if (service) {
      context.set('aws:principalservicename', [caller.arn.replace(/^service:/, '')]);
      context.set('aws:sourceaccount', [accountIn(caller.sourceArn ?? '') || accountId]);
      if (caller.sourceArn) context.set('aws:sourcearn', [caller.sourceArn]);
    } else if (caller.kind === 'role') {
      context.set('aws:principalarn', [roleArnOf(caller.arn)]);
      context.set('aws:principalaccount', [accountIn(caller.arn)]);
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
    const isElsewhere = isFromElsewhere(caller, permission.resource);
    const resource = [...(resources.get(policyHolder(permission.resource))?.values() ?? [])]
      .flat()
      .filter(({ statement }) => statement.applies(request) || (isElsewhere && statement.applies(ofAccount(request))));

    const session = sessions.get(caller.session ?? '')?.policy?.filter((statement) => statement.applies(request));
    // A key's own policy decides, unless it hands the decision to the account and so to the policies of its roles.
    // https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
    const delegating = permission.resource.startsWith('arn:aws:kms:')
      ? [...(resources.get(permission.resource)?.values() ?? [])]
          .flat()
          .filter(({ statement }) => statement.effect === 'Allow' && statement.applies({ ...request, caller: owner }))
      : undefined;
    const denies = ({ effect }: Statement) => effect === 'Deny';
    const own = delegating?.length === 0 ? identity.filter(({ statement }) => denies(statement)) : identity;

    const all = [...own, ...resource];
    for (const { calls } of [...all, ...(own.length > 0 ? (delegating ?? []) : [])])
      if (calls.size < mostCalls) calls.add(`${permission.action} ${permission.resource}`);
    if (identity.some(({ statement }) => denies(statement))) return { explicit: true, policy: 'identity' };
    if (resource.some(({ statement }) => denies(statement))) return { explicit: true, policy: 'resource' };
    if (session?.some(denies)) return { explicit: true, policy: 'session' };
    const [first, ...others] = all;
    if (!first) {
      const isLeftToRole = caller.kind === 'role' && delegating?.length !== 0;
      return { explicit: false, policy: isLeftToRole ? 'identity' : 'resource' };
    }
    // Both accounts have to allow it.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    if (isElsewhere && identity.length === 0) return { explicit: false, policy: 'identity' };
    if (isElsewhere && resource.length === 0) return { explicit: false, policy: 'resource' };
    // A session may do what both allow. Resource policies that name the session itself, which would need no session policy, are
    // unknown here. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
    if (session?.length === 0) return { explicit: false, policy: 'session' };
    if (others.length > 0) return undefined;
    first.needed = true;
    if (delegating?.length === 1 && delegating[0] && own.includes(first)) delegating[0].needed = true;
    return undefined;
  };

  const isCurrent = ({ session }: Caller): boolean =>
    session === undefined || (sessions.get(session)?.session.expiration.getTime() ?? 0) > Date.now();

  /** A role of another account than the resource's, which no other account's policy gives anything by itself. */
  const isFromElsewhere = (caller: Caller, resource: string): boolean =>
    caller.kind === 'role' && resource !== '*' && accountIn(caller.arn) !== ownerOf(resource);

  /**
   * In the account of the role, a trust policy that names the caller's role is enough by itself. To a role of another account, and where
   * the trust policy names an account, the caller's own policies have to say that it may.
   * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
   */
  const assertMayAssume = (caller: Caller, roleArn: string, externalId: string | undefined): void => {
    if (caller.kind === 'owner') throw new AwsError('AccessDenied', 'Roles may not be assumed by root accounts.', 403);
    const context = externalId === undefined ? undefined : { 'sts:ExternalId': externalId };
    const permission = { action: 'sts:AssumeRole', resource: roleArn, ...(context ? { context } : {}) };
    const request = { caller, ...permission, context: contextOf(caller, permission) };
    const own = caller.kind === 'role' ? [...(roles.get(roleArnOf(caller.arn))?.policies.values() ?? [])].flat() : [];
    const session = sessions.get(caller.session ?? '')?.policy;
    const applying = (statements: readonly Statement[]) => statements.filter((statement) => statement.applies(request));
    const trust = applying(roles.get(roleArn)?.trust ?? []);
    const delegating = (roles.get(roleArn)?.trust ?? []).filter((statement) => statement.applies(ofAccount(request)));
    const ownApplying = own.filter(({ statement }) => statement.applies(request));
    for (const { calls } of ownApplying) calls.add(`${permission.action} ${roleArn}`);
    const others = [...ownApplying.map(({ statement }) => statement), ...applying(session ?? [])];
    const isDenied = [...trust, ...others].some(({ effect }) => effect === 'Deny');
    const isNamed = trust.length > 0 && !isFromElsewhere(caller, roleArn);
    const isLeftToAccount = trust.length + delegating.length > 0 && ownApplying.length > 0;
    const isTrusted = (isNamed || isLeftToAccount) && (session === undefined || applying(session).length > 0);
    const [first, ...rest] = ownApplying;
    if (isTrusted && !isNamed && first && rest.length === 0) first.needed = true;
    if (isDenied || !isTrusted)
      throw new AwsError(
        'AccessDenied',
        `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
        403,
      );
  };

  return {
    keysOf(roleArn, session = 'slipway') {
      roleAt(roleArn);
      return accessKeys.ofRole(roleArn, session.replace(/[^\w+=,.@-]/g, '-').slice(0, 64));
    },
    ownerKeys: accessKeys.ownerKeys,
    callerOf(accessKeyId) {
      const caller = accessKeys.holderOf(accessKeyId)?.caller;
      // A role that the template no longer contains loses its keys.
      return caller?.kind === 'role' && !roles.has(roleArnOf(caller.arn)) ? undefined : caller;
    },
    secretOf: (accessKeyId) => accessKeys.holderOf(accessKeyId)?.secretAccessKey,
    sessionTokenOf: (accessKeyId) => sessions.get(accessKeyId)?.session.sessionToken,
    isCurrent,
    assumeRole(caller, { roleArn, sessionName, policy, externalId, durationSeconds = hourSeconds }) {
      assertMayAssume(caller, roleArn, externalId);
      if (durationSeconds > roleAt(roleArn).maxSessionSeconds)
        throw invalidDuration('the MaxSessionDuration set for this role');
      // The caller is in a session of a role itself. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
      if (caller.kind === 'role' && durationSeconds > hourSeconds)
        throw invalidDuration('the 1 hour session limit for roles assumed by role chaining');
      for (const [key, { session: other }] of sessions) {
        if (isCurrent(other.caller)) continue;
        sessions.delete(key);
        accessKeys.end(key);
      }
      const session: Session = {
        ...accessKeys.begin(roleArn, sessionName),
        sessionToken: randomBytes(256).toString('base64'),
        expiration: new Date(Date.now() + durationSeconds * 1000),
      };
      sessions.set(session.accessKeyId, {
        session,
        policy: policy === undefined ? undefined : parsePolicy(policy, 'identity'),
      });
      return session;
    },
    assertTrusts(roleArn, service, sourceArn) {
      const caller: Caller = {
        arn: `service:${service}`,
        kind: 'service',
        sourceArn,
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
      if (!isCurrent(caller))
        throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired');
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
    putRole(arn, trust, maxSessionSeconds = hourSeconds) {
      const policies = roles.get(arn)?.policies ?? new Map();
      roles.set(arn, { trust: parsePolicy(trust, 'trust'), maxSessionSeconds, policies });
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

/** The same request as the caller's account would make it, to which a policy may leave the decision. */
function ofAccount(request: Request): Request {
  return { ...request, caller: { arn: `arn:aws:iam::${accountIn(request.caller.arn)}:root`, kind: 'owner' } };
}

function invalidDuration(limit: string): AwsError {
  return new AwsError('ValidationError', `The requested DurationSeconds exceeds ${limit}.`);
}
