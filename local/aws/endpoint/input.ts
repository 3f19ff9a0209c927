import type { z } from 'zod';
import { AwsError, type InputProblem, type Operation, type Service } from '../service.ts';

/**
 * An operation's input as its schema makes it.
 * @throws AwsError with AWS's own text for an input that misses a member, has one of a wrong type, or breaks a constraint
 */
export function parseInput(service: Service, operation: Operation, input: unknown): never {
  const parsed = (operation.input as z.ZodType<never>).safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;

  const issues = parsed.error.issues.map((issue) => ({ issue, ...problemOf(issue, input) }));
  const wrongType = issues.find(({ issue, missing }) => issue.code === 'invalid_type' && !missing);
  if (wrongType?.issue.code === 'invalid_type' && service.protocol !== 'query') {
    throw new AwsError('SerializationException', conversion(wrongType.value, wrongType.issue.expected));
  }
  const [first] = issues;
  if (service.invalidInput && first) throw service.invalidInput(first);
  throw new AwsError(
    service.protocol === 'query' ? 'ValidationError' : 'ValidationException',
    `${issues.length} validation error${issues.length === 1 ? '' : 's'} detected: ${issues.map(sentence).join('; ')}`,
  );
}

function problemOf(issue: z.core.$ZodIssue, input: unknown): InputProblem {
  const value = issue.path.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[name] : undefined,
    input,
  );
  return {
    member: issue.path.join('.'),
    missing: value === undefined || value === null,
    value,
    message: constraint(issue),
  };
}

function sentence({ member, missing, value, message }: InputProblem): string {
  const path = member
    .split('.')
    .map((name) => (/^\d+$/.test(name) ? `${Number(name) + 1}.member` : name.charAt(0).toLowerCase() + name.slice(1)))
    .join('.');
  return missing
    ? `Value null at '${path}' failed to satisfy constraint: Member must not be null`
    : `Value '${typeof value === 'string' ? value : JSON.stringify(value)}' at '${path}' failed to satisfy constraint: ${message}`;
}

/** Smithy's constraints as AWS's services describe them in errors. */
function constraint(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_big':
      return `Member must have ${measure(issue.origin)} less than or equal to ${issue.maximum}`;
    case 'too_small':
      return `Member must have ${measure(issue.origin)} greater than or equal to ${issue.minimum}`;
    case 'invalid_format':
      return issue.pattern === undefined
        ? issue.message
        : `Member must satisfy regular expression pattern: ${issue.pattern.replace(/^\/\^?|\$?\/[a-z]*$/g, '')}`;
    case 'invalid_value':
      return `Member must satisfy enum value set: [${issue.values.join(', ')}]`;
    default:
      return issue.message;
  }
}

function measure(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'length' : 'value';
}

function conversion(value: unknown, expected: string): string {
  if (Array.isArray(value)) return 'Unrecognized collection type class';
  if (typeof value === 'object') return 'Start of structure or map found where not expected.';
  if (expected === 'object' || expected === 'array' || expected === 'record') return 'Unexpected field type';
  const token =
    typeof value === 'boolean' ? (value ? 'TRUE_VALUE' : 'FALSE_VALUE') : `${typeof value}_VALUE`.toUpperCase();
  const target = expected === 'string' ? 'a String' : expected === 'boolean' ? 'a Boolean' : 'an Integer';
  return `${token} can not be converted to ${target}`;
}
