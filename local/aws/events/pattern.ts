import { z } from 'zod';
import { AwsError } from '../service.ts';

/** Tests an event against a compiled pattern. */
export type EventMatcher = (event: unknown) => boolean;

type Leaf = string | number | boolean | null;

/**
 * Compiles an event pattern of values that must be equal, or that must or must not begin in a certain way.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
 * @throws AwsError `InvalidEventPatternException` naming what is wrong or, for EventBridge's operators, not known here
 */
export function compilePattern(pattern: unknown): EventMatcher {
  const fields = z.record(z.string(), z.unknown()).safeParse(pattern);
  if (!fields.success) throw invalid('Event pattern is not a JSON object');
  if (Object.keys(fields.data).length === 0) throw invalid('Empty objects are not allowed');
  const tests = Object.entries(fields.data).map(([name, wanted]) => fieldTest(name, wanted));
  return (event) => tests.every((test) => test(event));
}

function fieldTest(name: string, wanted: unknown): EventMatcher {
  if (name.startsWith('$')) throw invalid(`Unrecognized match type ${name} (the local AWS does not know it)`);
  if (!Array.isArray(wanted)) {
    if (typeof wanted !== 'object' || wanted === null) throw invalid(`"${name}" must be an object or an array`);
    const matches = compilePattern(wanted);
    return (event) => {
      const value = member(event, name);
      // Of a list of objects one must match as a whole.
      return Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY).some(matches) : matches(value);
    };
  }
  if (wanted.length === 0) throw invalid('Empty arrays are not allowed');
  const tests = wanted.map(leafTest);
  return (event) => leavesOf(member(event, name)).some((found) => tests.some((test) => test(found)));
}

const prefixed = z.strictObject({ prefix: z.string() });
const anythingButPrefix = z.strictObject({
  'anything-but': z.strictObject({
    prefix: z.union([z.string().transform((one) => [one]), z.array(z.string()).min(1)]),
  }),
});

function leafTest(wanted: unknown): (found: Leaf) => boolean {
  if (typeof wanted !== 'object' || wanted === null) return (found) => found === wanted;
  const beginning = prefixed.safeParse(wanted);
  if (beginning.success) return (found) => typeof found === 'string' && found.startsWith(beginning.data.prefix);
  const excluded = anythingButPrefix.safeParse(wanted);
  if (excluded.success) {
    const { prefix: prefixes } = excluded.data['anything-but'];
    return (found) => typeof found !== 'string' || !prefixes.some((prefix) => found.startsWith(prefix));
  }
  throw invalid(`Unrecognized match type ${Object.keys(wanted).join()} (the local AWS does not know it)`);
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

function invalid(reason: string): AwsError {
  return new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
}
