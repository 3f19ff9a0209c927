import { type ToolAnswer, UnknownAnswerError } from '../tool-answer.ts';
import type { PackageUpdate } from './package-updates.ts';

const longestTag = 4000;
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * The answer to `zypper --xmlout list-updates`.
 * https://github.com/openSUSE/zypper/blob/master/src/output/xmlout.rnc
 * @throws UnknownAnswerError
 */
export function parseZypperUpdates({ text }: ToolAnswer): PackageUpdate[] {
  const list = part(text, 'update-list') ?? '';
  return elements(list, 'update').map((element) => {
    const { kind, name, edition, 'edition-old': old } = attributes(element);
    const { alias } = attributes(/<source [^<>]*>/.exec(element)?.[0] ?? '');
    if (kind !== 'package' || !isWord(name) || !isWord(edition) || !isWord(old)) {
      throw new UnknownAnswerError('zypper', element);
    }
    return { name, installed: old, available: edition, repository: isWord(alias) ? alias : undefined };
  });
}

/**
 * Marks the updates that fix a security defect, from the answer to `zypper --xmlout patch --dry-run --category security`, which lists the
 * packages that security patches would update.
 * @throws UnknownAnswerError
 */
export function withSecurityPatches({ text }: ToolAnswer, updates: readonly PackageUpdate[]): PackageUpdate[] {
  const patched = new Set(
    elements(part(text, 'to-upgrade', true) ?? '', 'solvable').map((element) => attributes(element).name),
  );
  return updates.map((update) => (patched.has(update.name) ? { ...update, security: true } : update));
}

/** The content of the only element with that name, from an answer that is complete. */
function part(text: string, name: string, isOptional = false): string | undefined {
  const trimmed = text.trim();
  const start = trimmed.indexOf(`<${name}>`);
  const end = trimmed.indexOf(`</${name}>`, start);
  const isWhole = trimmed.startsWith('<?xml') && /<\/stream>$/.test(trimmed);
  if (isWhole && start < 0 && isOptional) return undefined;
  if (!isWhole || start < 0 || end < 0) throw new UnknownAnswerError('zypper', trimmed.slice(0, 200));
  return trimmed.slice(start + name.length + 2, end);
}

/** Each element from the start of its tag to the start of the next one. */
function elements(text: string, name: string): string[] {
  const [before = '', ...found] = text.split(`<${name} `);
  if (before.trim() !== '') throw new UnknownAnswerError('zypper', before);
  return found.map((each) => `<${name} ${each}`);
}

/** The attributes of the first tag. */
function attributes(element: string): Record<string, string | undefined> {
  const tag = element.slice(0, Math.min(element.indexOf('>') + 1, longestTag));
  return Object.fromEntries(
    [...tag.matchAll(/ ([\w-]{1,40})="([^"<>]{0,500})"/g)].map(([, key = '', value = '']) => [
      key,
      value.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, entity: string) => entities[entity] ?? ''),
    ]),
  );
}

function isWord(text: string | undefined): text is string {
  return text !== undefined && /^[\x21-\x7e]{1,200}$/.test(text);
}
