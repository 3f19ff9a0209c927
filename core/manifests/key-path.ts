import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { ManifestError } from '../model/errors.ts';
import { quoted } from '../text/visible.ts';
import { type Manifest, type Place, scalarText } from './manifest-text.ts';

/** `image.tag`, as the error messages and the index write it; a dot within a key has a backslash before it. */
export function shownKey(keys: readonly string[]): string {
  return keys.map((key) => key.replaceAll('.', '\\.')).join('.');
}

export function parseKey(text: string): string[] {
  return text.split(/(?<!\\)\./).map((key) => key.replaceAll('\\.', '.'));
}

type Found = Pick<Place, 'node' | 'pair'>;

/** The value that a mapping itself has under a key. */
export function valueAt(manifest: Manifest, map: YAMLMap, key: string): Found | undefined {
  const [pair, second] = map.items.filter((item) => isScalar(item.key) && scalarText(item.key) === key);
  if (second)
    throw manifest.refusal(offsetOf(second), `the key ${quoted(key)} is written a second time in one mapping.`);
  return isNode(pair?.value) ? { node: pair.value, pair } : undefined;
}

/**
 * The one value that a key path leads to, in whichever document of the file has it.
 * @throws ManifestError if there is none or more than one, or if it is written elsewhere: behind an alias or a merge key, where a change
 *   would reach what else uses it
 */
export function followKey(manifest: Manifest, keys: readonly string[]): Found {
  const results = manifest.documents.map((document) => followIn(manifest, document, keys));
  const found = results.filter((result) => 'node' in result);
  const [only, second] = found;
  if (only && second) {
    const lines = found.map(({ node }) => manifest.lineOf(node.range?.[0] ?? 0)).join(' and ');
    throw manifest.refusal(
      second.node.range?.[0] ?? 0,
      `several documents of the file have ${shownKey(keys)} (lines ${lines}). Give each a file of its own.`,
    );
  }
  if (only) return only;
  // Of several documents, the one that has most of the path says best what is missing.
  const [best] = results.filter((result) => 'depth' in result).sort((one, other) => other.depth - one.depth);
  throw best?.error ?? manifest.refusal(0, `there is no ${shownKey(keys)}.`);
}

function followIn(
  manifest: Manifest,
  document: Document.Parsed,
  keys: readonly string[],
): Found | { depth: number; error: ManifestError } {
  let found: Found | undefined = document.contents ? { node: document.contents } : undefined;
  for (const [depth, key] of [...keys, undefined].entries()) {
    const above = shownKey(keys.slice(0, depth)) || 'the document';
    const refuse = (reason: string) => ({ depth, error: manifest.refusal(found?.node.range?.[0] ?? 0, reason) });
    if (!found) return refuse(`there is no ${shownKey(keys)}.`);
    const { node }: Found = found;
    if (isAlias(node)) {
      const anchor = node.resolve(document)?.range?.[0];
      const where = anchor === undefined ? '' : `, which is written on line ${manifest.lineOf(anchor)}`;
      return refuse(
        `${above} is only a reference (*${node.source}) to a value${where}. Name the key that it is written under, or write it out here.`,
      );
    }
    if (key === undefined) return found;
    if (isSeq(node)) {
      return refuse(
        `${above} is a list, and a key path does not lead through a list. Use a kind that finds the image by its name: kubernetes, kustomize or docker-compose.`,
      );
    }
    if (!isMap(node)) return refuse(`${above} is a single value: there is no ${quoted(key)} in it.`);
    const next = valueAt(manifest, node, key);
    if (!next) {
      const names = node.items.flatMap(({ key: name }) => (isScalar(name) ? [scalarText(name)] : []));
      const merged = names.includes('<<') ? ' What a merge key (<<) brings in is not changed: write it out here.' : '';
      return refuse(`${above} has no key ${quoted(key)}; it has ${names.slice(0, 12).join(', ') || 'none'}.${merged}`);
    }
    found = next;
  }
  throw new Error('The last round returns.');
}

function offsetOf({ key }: Pair): number {
  return (key as Node | undefined)?.range?.[0] ?? 0;
}
