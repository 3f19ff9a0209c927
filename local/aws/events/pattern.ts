import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { AwsError } from '../service.ts';

/** Tests an event against a compiled pattern. */
export type EventMatcher = (event: unknown) => boolean;

/** Tests one leaf of the event; undefined stands for a leaf that is not there. */
type LeafTest = (leaf: Leaf | undefined) => boolean;
type Leaf = string | number | boolean | null;

const listed = (text: z.ZodString) => z.union([text, z.array(text).min(1)]).transform((value) => [value].flat());
const affix = z.union([z.string(), z.strictObject({ 'equals-ignore-case': z.string() })]);
const anythingBut = z.union([
  z
    .union([z.string(), z.number(), z.array(z.union([z.string(), z.number()])).min(1)])
    .transform((value) => [value].flat()),
  z.strictObject({ prefix: listed(z.string().min(1)) }),
  z.strictObject({ suffix: listed(z.string().min(1)) }),
  z.strictObject({ 'equals-ignore-case': listed(z.string()) }),
  z.strictObject({ wildcard: listed(z.string()) }),
]);
const comparison = z.enum(['=', '<', '<=', '>', '>=']);
/** One comparison, or a range from its lower bound to its upper one. */
const range = z.union([
  z.tuple([comparison, z.number()]),
  z.tuple([z.enum(['>', '>=']), z.number(), z.enum(['<', '<=']), z.number()]),
]);

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html */
const operators: Readonly<Record<string, (wanted: unknown) => LeafTest>> = {
  prefix: (wanted) => affixTest(wanted, (text, start) => text.startsWith(start)),
  suffix: (wanted) => affixTest(wanted, (text, end) => text.endsWith(end)),
  'equals-ignore-case': (wanted) => {
    const lower = read(z.string(), wanted).toLowerCase();
    return onText((text) => text.toLowerCase() === lower);
  },
  wildcard: (wanted) => onText(wildcardTest(read(z.string(), wanted))),
  exists: (wanted) => {
    const present = read(z.boolean(), wanted);
    return (leaf) => (leaf !== undefined) === present;
  },
  numeric: (wanted) => {
    const parts = read(range, wanted);
    const pairs = [parts.slice(0, 2), parts.slice(2)] as [z.infer<typeof comparison>, number][];
    return (leaf) =>
      typeof leaf === 'number' && pairs.every(([sign, bound]) => sign === undefined || compare(leaf, sign, bound));
  },
  cidr: (wanted) => {
    const [address = '', bits = ''] = read(z.string(), wanted).split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const subnet = new BlockList();
    if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 'ipv6' ? 128 : 32))
      throw invalid('Malformed CIDR');
    subnet.addSubnet(address, Number(bits), family);
    return onText((text) => isIP(text) !== 0 && subnet.check(text, isIP(text) === 6 ? 'ipv6' : 'ipv4'));
  },
  'anything-but': (wanted) => {
    const excluded = read(anythingBut, wanted);
    const tests = Array.isArray(excluded)
      ? excluded.map(
          (value): LeafTest =>
            (leaf) =>
              leaf === value,
        )
      : Object.entries(excluded).flatMap(([operator, values]) =>
          (values as string[]).map((value) => operatorTest(operator, value)),
        );
    return (leaf) => leaf !== undefined && !tests.some((test) => test(leaf));
  },
};

/**
 * Compiles an event pattern.
 * @throws AwsError `InvalidEventPatternException` naming what is wrong or not known here
 */
export function compilePattern(pattern: unknown): EventMatcher {
  const fields = z.record(z.string(), z.unknown()).safeParse(pattern);
  if (!fields.success) throw invalid('Event pattern is not a JSON object');
  if (Object.keys(fields.data).length === 0) throw invalid('Empty objects are not allowed');
  const tests = Object.entries(fields.data).map(([name, wanted]) =>
    name === '$or' ? anyPattern(wanted) : fieldTest(name, wanted),
  );
  return (event) => tests.every((test) => test(event));
}

function anyPattern(wanted: unknown): EventMatcher {
  const alternatives = z.array(z.unknown()).min(1).safeParse(wanted);
  if (!alternatives.success) throw invalid('$or must be an array of patterns');
  const matchers = alternatives.data.map(compilePattern);
  return (event) => matchers.some((matches) => matches(event));
}

function fieldTest(name: string, wanted: unknown): EventMatcher {
  if (!Array.isArray(wanted)) {
    if (typeof wanted !== 'object' || wanted === null) throw invalid(`"${name}" must be an object or an array`);
    const matches = compilePattern(wanted);
    return (event) => {
      const value = member(event, name);
      // Of a list of objects one must match as a whole.
      return Array.isArray(value) && value.length > 0
        ? value.flat(Number.POSITIVE_INFINITY).some(matches)
        : matches(value);
    };
  }
  if (wanted.length === 0) throw invalid('Empty arrays are not allowed');
  const tests = wanted.map(valueTest);
  return (event) => {
    const leaves = leavesOf(member(event, name));
    return tests.some((test) => (leaves.length === 0 ? test(undefined) : leaves.some(test)));
  };
}

function valueTest(wanted: unknown): LeafTest {
  if (typeof wanted !== 'object' || wanted === null) return (leaf) => leaf === wanted;
  const [entry, ...others] = Object.entries(wanted);
  if (!entry || others.length > 0 || Array.isArray(wanted)) throw invalid('Only one key allowed in match expression');
  return operatorTest(...entry);
}

function operatorTest(operator: string, wanted: unknown): LeafTest {
  const make = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
  if (!make) throw invalid(`Unrecognized match type ${operator} (the local AWS does not know it)`);
  return make(wanted);
}

function affixTest(wanted: unknown, holds: (text: string, part: string) => boolean): LeafTest {
  const part = read(affix, wanted);
  if (typeof part === 'string') return onText((text) => holds(text, part));
  const lower = part['equals-ignore-case'].toLowerCase();
  return onText((text) => holds(text.toLowerCase(), lower));
}

function onText(test: (text: string) => boolean): LeafTest {
  return (leaf) => typeof leaf === 'string' && test(leaf);
}

/** Only `*` is special here; `\*` and `\\` stand for themselves. */
function wildcardTest(pattern: string): (text: string) => boolean {
  if (/(?<!\\)(?:\\\\)*\*\*/.test(pattern)) throw invalid('Consecutive wildcard characters are not allowed');
  const source = pattern.replace(/\\([*\\])|([\s\S])/g, (_match, escaped: string | undefined, plain: string) => {
    if (escaped === undefined && plain === '*') return '[\\s\\S]*';
    if (escaped === undefined && plain === '\\') throw invalid('Invalid escape character');
    return (escaped ?? plain).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  const expression = new RegExp(`^${source}$`);
  return (text) => expression.test(text);
}

function compare(value: number, sign: z.infer<typeof comparison>, bound: number): boolean {
  switch (sign) {
    case '=':
      return value === bound;
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
  }
}

function member(event: unknown, name: string): unknown {
  return typeof event === 'object' && event !== null && Object.hasOwn(event, name)
    ? (event as Record<string, unknown>)[name]
    : undefined;
}

/** The leaves of a value: an object has none of its own, a list has those of its elements. */
function leavesOf(value: unknown): Leaf[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  return value === undefined || (typeof value === 'object' && value !== null) ? [] : [value as Leaf];
}

function read<Value>(schema: z.ZodType<Value>, wanted: unknown): Value {
  const parsed = schema.safeParse(wanted);
  if (!parsed.success) throw invalid(`${JSON.stringify(wanted)} is not a value that the operator takes`);
  return parsed.data;
}

function invalid(reason: string): AwsError {
  return new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
}
