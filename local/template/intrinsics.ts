import { TemplateError } from './template.ts';

/** What names mean while values are resolved. */
export interface Scope {
  /** A parameter, pseudo parameter or resource; `noValue` for `AWS::NoValue`. */
  ref(name: string): unknown;
  getAtt(logicalId: string, attribute: string): unknown;
  condition(name: string): boolean;
  mapping(map: string, first: string, second: string): unknown;
}

/** What `Ref: AWS::NoValue` gives: the property or element that holds it disappears. */
export const noValue = Symbol('AWS::NoValue');

type Resolver = (argument: unknown, scope: Scope) => unknown;

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html */
const functions: Record<string, Resolver> = {
  Ref: (argument, scope) => scope.ref(text(argument, 'Ref')),
  Condition: (argument, scope) => scope.condition(text(argument, 'Condition')),
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, attribute] = typeof argument === 'string' ? splitOnce(argument) : list(argument, 'Fn::GetAtt', 2);
    return scope.getAtt(text(logicalId, 'Fn::GetAtt'), text(resolve(attribute, scope), 'Fn::GetAtt'));
  },
  'Fn::Join': (argument, scope) => {
    const [separator, parts] = list(argument, 'Fn::Join', 2);
    return list(resolve(parts, scope), 'Fn::Join')
      .map((part) => text(part, 'Fn::Join'))
      .join(text(separator, 'Fn::Join'));
  },
  'Fn::Split': (argument, scope) => {
    const [separator, source] = list(argument, 'Fn::Split', 2);
    return text(resolve(source, scope), 'Fn::Split').split(text(separator, 'Fn::Split'));
  },
  'Fn::Select': (argument, scope) => {
    const [index, values] = list(argument, 'Fn::Select', 2);
    const position = Number(resolve(index, scope));
    const value = list(resolve(values, scope), 'Fn::Select')[position];
    if (value === undefined) throw new TemplateError(`Fn::Select: there is no element ${position}.`);
    return value;
  },
  'Fn::Sub': (argument, scope) => {
    const [pattern, own] = typeof argument === 'string' ? [argument, {}] : list(argument, 'Fn::Sub', 2);
    const variables = resolve(own, scope) as Record<string, unknown>;
    return text(pattern, 'Fn::Sub').replace(substitution, (whole, name: string) => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      if (Object.hasOwn(variables, name)) return text(variables[name], 'Fn::Sub');
      const [logicalId, attribute] = splitOnce(name);
      const value = attribute === '' ? scope.ref(logicalId) : scope.getAtt(logicalId, attribute);
      return text(value, `Fn::Sub ${whole}`);
    });
  },
  'Fn::If': (argument, scope) => {
    const [condition, whenTrue, whenFalse] = list(argument, 'Fn::If', 3);
    return resolve(scope.condition(text(condition, 'Fn::If')) ? whenTrue : whenFalse, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = list(resolve(argument, scope), 'Fn::Equals', 2);
    return JSON.stringify(left) === JSON.stringify(right);
  },
  'Fn::And': (argument, scope) => list(resolve(argument, scope), 'Fn::And').every(Boolean),
  'Fn::Or': (argument, scope) => list(resolve(argument, scope), 'Fn::Or').some(Boolean),
  'Fn::Not': (argument, scope) => !list(resolve(argument, scope), 'Fn::Not', 1)[0],
  'Fn::Base64': (argument, scope) =>
    Buffer.from(text(resolve(argument, scope), 'Fn::Base64'), 'utf8').toString('base64'),
  'Fn::FindInMap': (argument, scope) => {
    const [map, first, second] = list(resolve(argument, scope), 'Fn::FindInMap', 3).map((key) =>
      text(key, 'Fn::FindInMap'),
    );
    return scope.mapping(map ?? '', first ?? '', second ?? '');
  },
};

const substitution = /\$\{([^}]+)\}/g;

/**
 * A template's value with every intrinsic function replaced by what it gives.
 * @throws TemplateError for a function that one machine does not know
 */
export function resolve(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') return withoutDynamicReference(value);
  if (Array.isArray(value)) return value.map((element) => resolve(element, scope)).filter((item) => item !== noValue);
  if (typeof value !== 'object' || value === null) return value;
  const call = functionCall(value);
  if (call !== undefined) {
    const resolver = functions[call.name];
    if (resolver === undefined) throw new TemplateError(`${call.name} is not supported on one machine.`);
    const result = resolver(call.argument, scope);
    return typeof result === 'string' ? withoutDynamicReference(result) : result;
  }
  const entries = Object.entries(value).map(([key, member]) => [key, resolve(member, scope)] as const);
  return Object.fromEntries(entries.filter(([, member]) => member !== noValue));
}

/** Every resource, parameter or pseudo parameter that a value names. */
export function referencesOf(value: unknown): Set<string> {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const call = functionCall(node);
    if (call?.name === 'Ref') found.add(String(call.argument));
    if (call?.name === 'Fn::GetAtt') found.add(String([call.argument].flat()[0]).split('.')[0] ?? '');
    if (call?.name === 'Fn::Sub') {
      const [pattern, own] =
        typeof call.argument === 'string' ? [call.argument, {}] : [...(call.argument as unknown[])];
      for (const [, name = ''] of String(pattern).matchAll(substitution)) {
        if (!name.startsWith('!') && !Object.hasOwn(own as object, name)) found.add(name.split('.')[0] ?? '');
      }
    }
    for (const member of Object.values(node)) visit(member);
  };
  visit(value);
  return found;
}

function functionCall(node: object): { name: string; argument: unknown } | undefined {
  const [entry, ...more] = Object.entries(node);
  if (entry === undefined || more.length > 0) return undefined;
  const [name, argument] = entry;
  if (name.startsWith('Fn::') || name === 'Ref') return { name, argument };
  // `Condition` is a function only where its value is a name; a policy statement's `Condition` is an object.
  return name === 'Condition' && typeof argument === 'string' ? { name, argument } : undefined;
}

function withoutDynamicReference(value: string): string {
  const [reference] = /\{\{resolve:[^}]*\}\}/.exec(value) ?? [];
  if (reference === undefined) return value;
  throw new TemplateError(
    `The dynamic reference ${reference} is not supported on one machine: read the value at run time.`,
  );
}

function splitOnce(name: string): [string, string] {
  const dot = name.indexOf('.');
  return dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot + 1)];
}

function list(value: unknown, name: string, length?: number): unknown[] {
  if (Array.isArray(value) && (length === undefined || value.length === length)) return value;
  throw new TemplateError(
    `${name}: a list${length === undefined ? '' : ` of ${length}`} is expected, not ${JSON.stringify(value)}.`,
  );
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(`${name}: text is expected, not ${JSON.stringify(value)}.`);
}
