import type { Account, Created, ResourceType, Service } from '../aws/service.ts';
import { noValue, referencesOf, resolve, type Scope } from './intrinsics.ts';
import { type Stack, type Template, TemplateError, type TemplateResource } from './template.ts';

export interface Deployment {
  outputs: Record<string, string>;
  /** What was made, by logical id. */
  resources: ReadonlyMap<string, Created & { type: string }>;
}

/** Usage data for the CDK's makers; CloudFormation makes nothing of it either. */
const metadataType = 'AWS::CDK::Metadata';

/** In place of what a resource that is not there yet will give, while the properties are checked. */
const pending = '\u0000pending\u0000';

/**
 * Makes what a stack declares, or brings up to date what an earlier deployment made. Everything that can be known before is
 * checked before the first resource is made.
 * @throws TemplateError naming the logical id, the type and the property
 */
export async function deploy(stack: Stack, account: Account, services: Iterable<Service>): Promise<Deployment> {
  const types = new Map([...services].flatMap((service) => Object.entries(service.resources)));
  const { template } = stack;
  const owner: Owner = { id: stack.account ?? account.id, region: account.region };
  const made = new Map<string, Created & { type: string }>();
  const wanted = resourcesOf(template, owner, stack.name);
  const isElsewhere = owner.id !== account.id;
  check(wanted, types, scopeOf(template, owner, stack.name, wanted, undefined), isElsewhere);

  const scope = scopeOf(template, owner, stack.name, wanted, made);
  for (const logicalId of inOrder(wanted)) {
    const resource = wanted.get(logicalId);
    const type = resource && types.get(resource.Type);
    if (resource === undefined || type === undefined) continue;
    const properties = naming(logicalId, resource.Type, () => resolve(resource.Properties, scope));
    const parsed = type.properties.safeParse(properties);
    if (!parsed.success)
      throw new TemplateError(`${logicalId} (${resource.Type}): ${describe(parsed.error.issues[0])}`);
    const declared = { logicalId, stackName: stack.name, account: owner.id, properties: parsed.data as never };
    const created = await Promise.resolve(declared)
      .then(type.create)
      .catch((error: Error) => {
        throw new TemplateError(`${logicalId} (${resource.Type}): ${error.message}`, { cause: error });
      });
    made.set(logicalId, { ...created, type: resource.Type });
  }
  const outputs = Object.entries(template.Outputs)
    .filter(([, output]) => output.Condition === undefined || scope.condition(output.Condition))
    .map(([name, output]) => [name, String(naming(name, 'output', () => resolve(output.Value, scope)))]);
  return { outputs: Object.fromEntries(outputs), resources: made };
}

type Owner = Pick<Account, 'id' | 'region'>;

/** The resources whose condition holds. */
function resourcesOf(template: Template, account: Owner, stackName: string): Map<string, TemplateResource> {
  const scope = scopeOf(template, account, stackName, new Map(), undefined);
  const entries = Object.entries(template.Resources).filter(
    ([, { Type, Condition }]) => Type !== metadataType && (Condition === undefined || scope.condition(Condition)),
  );
  return new Map(entries);
}

function check(
  wanted: Map<string, TemplateResource>,
  types: Map<string, ResourceType>,
  scope: Scope,
  isElsewhere: boolean,
): void {
  const problems: string[] = [];
  for (const [logicalId, resource] of wanted) {
    const type = types.get(resource.Type);
    if (type === undefined) {
      problems.push(`${logicalId}: the resource type ${resource.Type} is not known on one machine.`);
      continue;
    }
    if (isElsewhere && !type.isForEveryAccount)
      problems.push(
        `${logicalId}: the resource type ${resource.Type} is not known in another account than the machine's.`,
      );
    const properties = naming(logicalId, resource.Type, () => resolve(resource.Properties, scope));
    const issues = type.properties.safeParse(properties).error?.issues ?? [];
    const real = issues.filter(
      (issue) =>
        !JSON.stringify(at(properties, issue.path) ?? null).includes(escapedPending) ||
        issue.code === 'unrecognized_keys',
    );
    problems.push(...real.map((issue) => `${logicalId} (${resource.Type}): ${describe(issue)}`));
  }
  if (problems.length > 0) throw new TemplateError(problems.join('\n'));
  inOrder(wanted);
}

const escapedPending = JSON.stringify(pending).slice(1, -1);

function at(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function describe(issue: { code: string; path: PropertyKey[]; message: string; keys?: string[] } | undefined): string {
  const path = issue?.path.map(String).join('.') ?? '';
  if (issue?.code === 'unrecognized_keys') {
    const names = (issue.keys ?? []).map((key) => (path === '' ? key : `${path}.${key}`)).join(', ');
    return `the property ${names} is not known on one machine.`;
  }
  return `the property ${path}: ${issue?.message ?? 'is wrong'}`;
}

/** The resources in an order in which each comes after those that it needs. */
function inOrder(wanted: Map<string, TemplateResource>): string[] {
  const ordered = new Set<string>();
  const visit = (logicalId: string, path: string[]): void => {
    if (ordered.has(logicalId)) return;
    if (path.includes(logicalId)) {
      throw new TemplateError(
        `The resources depend on each other: ${[...path.slice(path.indexOf(logicalId)), logicalId].join(' → ')}.`,
      );
    }
    const resource = wanted.get(logicalId);
    if (resource === undefined) return;
    const needs = [...resource.DependsOn, ...referencesOf(resource.Properties)];
    for (const need of needs) visit(need, [...path, logicalId]);
    ordered.add(logicalId);
  };
  for (const logicalId of wanted.keys()) visit(logicalId, []);
  return [...ordered];
}

/** `made` undefined: a resource that will be made is a `pending` value. */
function scopeOf(
  template: Template,
  account: Owner,
  stackName: string,
  wanted: Map<string, TemplateResource>,
  made: Map<string, Created> | undefined,
): Scope {
  const pseudo: Record<string, unknown> = {
    'AWS::AccountId': account.id,
    'AWS::Region': account.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stackName,
    'AWS::StackId': `arn:aws:cloudformation:${account.region}:${account.id}:stack/${stackName}/00000000-0000-0000-0000-000000000000`,
    'AWS::NotificationARNs': [],
    'AWS::NoValue': noValue,
  };
  const resource = (logicalId: string): Created | undefined => {
    if (!wanted.has(logicalId))
      throw new TemplateError(`${logicalId} is not declared, or its condition does not hold.`);
    return made?.get(logicalId);
  };
  const scope: Scope = {
    ref(name) {
      if (Object.hasOwn(pseudo, name)) return pseudo[name];
      const parameter = template.Parameters[name];
      if (parameter === undefined) return resource(name)?.ref ?? pending;
      if (parameter.Default !== undefined) return parameter.Default;
      throw new TemplateError(`The parameter ${name} has no default value.`);
    },
    getAtt(logicalId, attribute) {
      const created = resource(logicalId);
      if (created === undefined) return pending;
      const value = created.attributes?.[attribute];
      if (value !== undefined) return value;
      throw new TemplateError(`${logicalId} has no attribute ${attribute} on one machine.`);
    },
    condition(name) {
      if (!Object.hasOwn(template.Conditions, name)) throw new TemplateError(`The condition ${name} is not declared.`);
      return Boolean(resolve(template.Conditions[name], scope));
    },
    mapping(map, first, second) {
      const value = template.Mappings[map]?.[first]?.[second];
      if (value === undefined) throw new TemplateError(`Fn::FindInMap: there is no ${map}.${first}.${second}.`);
      return value;
    },
  };
  return scope;
}

function naming<T>(logicalId: string, type: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemplateError) throw new TemplateError(`${logicalId} (${type}): ${error.message}`);
    throw error;
  }
}
