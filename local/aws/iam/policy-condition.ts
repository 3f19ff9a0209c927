import { wildcard } from '../wildcard.ts';

/** What a call is like, by condition key in lower case. A key that is not there is absent from the call. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>;

/** One operator with one key of a `Condition` block. */
export type Condition = (context: ConditionContext) => boolean;

/**
 * The condition keys that the local AWS fills in. A policy with another one would be judged wrongly without notice, so it
 * is refused when it is deployed.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
const knownKeys = new Set(
  [
    'aws:CurrentTime',
    'aws:EpochTime',
    'aws:PrincipalAccount',
    'aws:PrincipalArn',
    'aws:PrincipalIsAWSService',
    'aws:PrincipalServiceName',
    'aws:PrincipalType',
    'aws:RequestedRegion',
    'aws:ResourceAccount',
    'aws:SecureTransport',
    'aws:SourceAccount',
    'aws:SourceArn',
    'aws:ViaAWSService',
    'dynamodb:Attributes',
    'dynamodb:LeadingKeys',
    'events:detail-type',
    'events:source',
    'iam:PassedToService',
    's3:delimiter',
    's3:max-keys',
    's3:prefix',
    'ses:FromAddress',
    'ses:FromDisplayName',
    'ses:Recipients',
    'sts:ExternalId',
  ].map((key) => key.toLowerCase()),
);
/** Keys with the name of a tag at their end. */
const knownTagKeys = ['ssm:resourcetag/'];

/** The policy's values, ready to be compared with one value of the call. */
type Comparison = (wanted: readonly string[]) => (actual: string) => boolean;

const oneOf =
  (equal: (wanted: string) => (actual: string) => boolean): Comparison =>
  (wanted) => {
    const tests = wanted.map(equal);
    return (actual) => tests.some((test) => test(actual));
  };

const same = oneOf((wanted) => (actual) => wanted === actual);
const sameIgnoringCase = oneOf((wanted) => (actual) => wanted.toLowerCase() === actual.toLowerCase());
const like = oneOf((wanted) => wildcard(wanted));
// `ArnEquals` and `ArnLike` are one: each of the six parts of an ARN may have wildcards of its own, which reach no further.
const sameArn = oneOf((wanted) => {
  const tests = arnParts(wanted).map((part) => wildcard(part));
  return (actual) => {
    const parts = arnParts(actual);
    return parts.length === tests.length && tests.every((test, index) => test(parts[index] ?? ''));
  };
});
const numeric = (holds: (actual: number, wanted: number) => boolean) =>
  oneOf((wanted) => (actual) => holds(Number(actual), Number(wanted)));
const dated = (holds: (actual: number, wanted: number) => boolean) =>
  oneOf((wanted) => (actual) => holds(instant(actual), instant(wanted)));

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const operators: Readonly<Record<string, { compare: Comparison; negated?: true }>> = {
  StringEquals: { compare: same },
  StringNotEquals: { compare: same, negated: true },
  StringEqualsIgnoreCase: { compare: sameIgnoringCase },
  StringNotEqualsIgnoreCase: { compare: sameIgnoringCase, negated: true },
  StringLike: { compare: like },
  StringNotLike: { compare: like, negated: true },
  ArnEquals: { compare: sameArn },
  ArnLike: { compare: sameArn },
  ArnNotEquals: { compare: sameArn, negated: true },
  ArnNotLike: { compare: sameArn, negated: true },
  Bool: { compare: sameIgnoringCase },
  NumericEquals: { compare: numeric((a, b) => a === b) },
  NumericNotEquals: { compare: numeric((a, b) => a === b), negated: true },
  NumericLessThan: { compare: numeric((a, b) => a < b) },
  NumericLessThanEquals: { compare: numeric((a, b) => a <= b) },
  NumericGreaterThan: { compare: numeric((a, b) => a > b) },
  NumericGreaterThanEquals: { compare: numeric((a, b) => a >= b) },
  DateEquals: { compare: dated((a, b) => a === b) },
  DateNotEquals: { compare: dated((a, b) => a === b), negated: true },
  DateLessThan: { compare: dated((a, b) => a < b) },
  DateLessThanEquals: { compare: dated((a, b) => a <= b) },
  DateGreaterThan: { compare: dated((a, b) => a > b) },
  DateGreaterThanEquals: { compare: dated((a, b) => a >= b) },
};

/**
 * Makes one condition ready.
 * @throws UnknownConditionError for an operator or a key that the local AWS does not know
 */
export function parseCondition(operator: string, key: string, wanted: readonly string[]): Condition {
  const name = key.toLowerCase();
  if (!(knownKeys.has(name) || knownTagKeys.some((each) => name.startsWith(each))))
    throw new UnknownConditionError(`The local AWS does not know the condition key ${key}.`);

  const [, quantifier, base = '', ifExists] = /^(ForAllValues:|ForAnyValue:)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  if (base === 'Null' && !quantifier && !ifExists) {
    const absent = wanted.some((value) => value.toLowerCase() === 'true');
    return (context) => context.has(name) !== absent;
  }

  const known = Object.hasOwn(operators, base) ? operators[base] : undefined;
  if (!known) throw new UnknownConditionError(`The local AWS does not know the condition operator ${operator}.`);
  const matches = known.compare(wanted);
  const holds = known.negated ? (value: string) => !matches(value) : matches;

  return (context) => {
    const values = context.get(name);
    if (quantifier === 'ForAllValues:') return (values ?? []).every(holds);
    // Without the key a negated operator holds, and so does every one that says `IfExists`.
    if (values === undefined) return ifExists !== undefined || (known.negated === true && !quantifier);
    // Of several values, one must match a plain operator; none may match a negated one.
    return quantifier === undefined && known.negated ? values.every(holds) : values.some(holds);
  };
}

export class UnknownConditionError extends Error {
  override readonly name = 'UnknownConditionError';
}

function arnParts(arn: string): string[] {
  const parts = arn.split(':');
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/** A date of a policy: ISO 8601, or seconds since 1970. */
function instant(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}
