import { createHash } from 'node:crypto';

/** Generators write the same entries in another order in each run. */
export function sortedBy<Value>(values: Iterable<Value>, keyOf: (value: Value) => string): Value[] {
  return [...values]
    .map((value) => ({ value, key: keyOf(value) }))
    .sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0))
    .map(({ value }) => value);
}

/** A UUID from the content: version 8 of RFC 9562, which leaves it to us how to make it. */
export function identityOf(content: unknown): string {
  const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) % 4];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
