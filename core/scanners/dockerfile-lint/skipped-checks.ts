import type { Lint } from './dockerfile-lint.ts';

const isDirective = /^\s*#\s*(?:syntax|escape|check)\s*=/i;
/** At most three options: `skip`, `error`, `experimental`. */
const checkDirective = /^\s*#\s*check\s*=\s*(?:[a-z]+=[^;\s]*;){0,2}skip=([^;\s]*)/i;

/**
 * Leaves out the lints that the Dockerfile's author skips. `# check=skip=Rule,…` or `skip=all` counts for the whole file among the directives
 * at the top, and for one instruction in a comment above it (https://docs.docker.com/build/checks/#skip-checks).
 */
export function withoutSkipped(lints: readonly Lint[], text: string): Lint[] {
  const lines = text.replace(/^\ufeff/, '').split('\n');
  const top = lines.findIndex((line) => !isDirective.test(line));
  const everywhere = skippedBy(top < 0 ? lines : lines.slice(0, top));
  const above = new Map<number, Set<string>>();
  const skippedAt = (line: number) => {
    const known = above.get(line);
    if (known) return known;
    let first = line - 1;
    while (first > 0 && /^\s*#/.test(lines[first - 1] ?? '')) first -= 1;
    const skipped = skippedBy(lines.slice(first, line - 1));
    above.set(line, skipped);
    return skipped;
  };
  return lints.filter(({ rule, line }) =>
    [everywhere, skippedAt(line)].every((skipped) => !(skipped.has('all') || skipped.has(rule))),
  );
}

function skippedBy(lines: readonly string[]): Set<string> {
  return new Set(lines.flatMap((line) => checkDirective.exec(line)?.[1]?.split(',') ?? []));
}
