import { trimStart } from './blanks.ts';

/** The comments at a Dockerfile's top that change how it is read. https://docs.docker.com/reference/dockerfile/#parser-directives */
const blanks = '\t\f\r ';
const known = new Set(['syntax', 'escape', 'check']);

export interface Directive {
  name: string;
  value: string;
}

/** The directive in a line that may still be one; undefined if it is not, which ends the directives. */
export function directiveOf(line: string): Directive | undefined {
  if (!line.startsWith('#')) return undefined;
  const [, written = '', rest = ''] = /^([a-zA-Z][a-zA-Z0-9]*)[\t\f\r ]*=(.+)$/s.exec(trimStart(line.slice(1))) ?? [];
  const name = written.toLowerCase();
  if (!known.has(name)) return undefined;
  let end = rest.length;
  while (end > 0 && blanks.includes(rest.charAt(end - 1))) end -= 1;
  // Where the value is only blanks, it is the last of them.
  return { name, value: end === 0 ? rest.slice(-1) : rest.slice(0, end).replace(/^[\t\f\r ]+/, '') };
}

/**
 * The image of `# syntax=`. BuildKit searches for it before it parses the file, by rules of its own: it may follow a line with `#!`, and never
 * follows a blank. https://github.com/moby/buildkit/blob/v0.34.2/frontend/dockerfile/parser/directives.go (`DetectSyntax`)
 */
export function syntaxOf(lines: readonly string[]): string | undefined {
  for (const line of lines.slice(lines[0]?.startsWith('#!') ? 1 : 0)) {
    const directive = directiveOf(line.replace(/\r$/, ''));
    if (directive === undefined) return undefined;
    if (directive.name === 'syntax') return directive.value.split(' ')[0];
  }
  return undefined;
}
