import { z } from 'zod';
import { AwsError, type Caller } from '../service.ts';
import { wildcard } from '../wildcard.ts';
import { type Condition, type ConditionContext, parseCondition, UnknownConditionError } from './policy-condition.ts';

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);
const principalSchema = z.union([
  z.literal('*'),
  z.strictObject({ AWS: oneOrMore.optional(), Service: oneOrMore.optional() }),
]);
const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore.optional(),
  NotAction: oneOrMore.optional(),
  Resource: oneOrMore.optional(),
  NotResource: oneOrMore.optional(),
  Principal: principalSchema.optional(),
  NotPrincipal: principalSchema.optional(),
  Condition: z
    .record(
      z.string(),
      z.record(z.string(), z.union([oneOrMore, z.boolean(), z.number(), z.array(z.union([z.boolean(), z.number()]))])),
    )
    .optional(),
});
const documentSchema = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
  Id: z.string().optional(),
  Statement: z.union([statementSchema, z.array(statementSchema)]),
});

/** What a policy belongs to, which decides what its statements must contain. */
export type PolicyKind = 'identity' | 'resource' | 'trust';

/** What a statement is checked against. */
export interface Request {
  caller: Caller;
  action: string;
  resource: string;
  context: ConditionContext;
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** As written in the document. */
  readonly source: z.infer<typeof statementSchema>;
  applies(request: Request): boolean;
}

/**
 * Reads a policy document.
 * @throws AwsError `MalformedPolicyDocument`, naming what is wrong or not known here
 */
export function parsePolicy(document: unknown, kind: PolicyKind): Statement[] {
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) throw malformed(z.prettifyError(parsed.error));
  return [parsed.data.Statement].flat().map((source) => parseStatement(source, kind));
}

function parseStatement(source: z.infer<typeof statementSchema>, kind: PolicyKind): Statement {
  const exactlyOne = (a: string, b: string, given: [unknown, unknown]) => {
    if ((given[0] === undefined) === (given[1] === undefined))
      throw malformed(`A statement needs one of ${a} and ${b}.`);
  };
  exactlyOne('Action', 'NotAction', [source.Action, source.NotAction]);
  if (kind !== 'trust') exactlyOne('Resource', 'NotResource', [source.Resource, source.NotResource]);
  if (kind === 'identity') {
    if (source.Principal ?? source.NotPrincipal) throw malformed('An identity policy has no Principal.');
  } else {
    exactlyOne('Principal', 'NotPrincipal', [source.Principal, source.NotPrincipal]);
  }
  for (const text of [source.Resource, source.NotResource].flat()) {
    if (text?.includes('${')) throw malformed(`The local AWS does not know policy variables: ${text}`);
  }

  const action = matcher(source.Action, source.NotAction, true);
  const resource = matcher(source.Resource, source.NotResource, false);
  const principal = principalMatcher(source, source.Effect);
  const conditions = parseConditions(source.Condition ?? {});
  return {
    effect: source.Effect,
    source,
    applies: (request) =>
      action(request.action) &&
      resource(request.resource) &&
      principal(request.caller) &&
      conditions.every((condition) => condition(request.context)),
  };
}

type OneOrMore = z.infer<typeof oneOrMore>;

function matcher(wanted: OneOrMore | undefined, unwanted: OneOrMore | undefined, ignoreCase: boolean) {
  const anyOf = (patterns: OneOrMore) => {
    const tests = [patterns].flat().map((pattern) => wildcard(pattern, { ignoreCase }));
    return (text: string) => tests.some((test) => test(text));
  };
  if (wanted !== undefined) return anyOf(wanted);
  if (unwanted === undefined) return () => true;
  const excluded = anyOf(unwanted);
  return (text: string) => !excluded(text);
}

function principalMatcher(source: z.infer<typeof statementSchema>, effect: 'Allow' | 'Deny') {
  if (source.Principal) return principals(source.Principal, effect);
  if (!source.NotPrincipal) return () => true;
  const excluded = principals(source.NotPrincipal, 'Deny');
  return (caller: Caller) => !excluded(caller);
}

function principals(principal: z.infer<typeof principalSchema>, effect: 'Allow' | 'Deny') {
  if (principal === '*') return () => true;
  const services = new Set([principal.Service ?? []].flat().map((service) => `service:${service}`));
  const arns = [principal.AWS ?? []].flat();
  return (caller: Caller) => {
    if (caller.kind === 'service') return services.has(caller.arn) || arns.includes('*');
    if (arns.includes('*')) return true;
    const account = caller.arn.split(':')[4] ?? '';
    // Whether a statement is for the account as such.
    if (caller.kind === 'owner') return arns.includes(account) || arns.includes(caller.arn);
    if (caller.kind !== 'role') return false;
    return arns.some((arn) => {
      // An account as principal hands the decision to the account's own policies, so by itself it allows nobody; it does deny.
      // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-accounts
      if (arn === account || arn === `arn:aws:iam::${account}:root`) return effect === 'Deny';
      return arn === caller.arn || arn === roleArnOf(caller.arn);
    });
  };
}

/** The role behind a session: `arn:aws:sts::1:assumed-role/r/s` → `arn:aws:iam::1:role/r`. */
export function roleArnOf(sessionArn: string): string {
  const [, account, role] = /^arn:aws:sts::(\d+):assumed-role\/([^/]+)\//.exec(sessionArn) ?? [];
  return `arn:aws:iam::${account}:role/${role}`;
}

function parseConditions(block: NonNullable<z.infer<typeof statementSchema>['Condition']>): Condition[] {
  return Object.entries(block).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => {
      const wanted = [values].flat().map(String);
      if (wanted.some((text) => text.includes('${'))) {
        throw malformed(`The local AWS does not know policy variables: ${wanted.join(', ')}`);
      }
      try {
        return parseCondition(operator, key, wanted);
      } catch (error) {
        if (error instanceof UnknownConditionError) throw malformed(error.message);
        throw error;
      }
    }),
  );
}

function malformed(message: string): AwsError {
  return new AwsError('MalformedPolicyDocument', message);
}
