import type { Git } from './git-process.ts';

/** The commits that these name, in the same order; undefined for what names none. One process of git answers for all. */
export async function commitIds(git: Git, folder: string, names: readonly string[]): Promise<(string | undefined)[]> {
  if (names.length === 0) return [];
  // An annotated tag names a tag object; the commit is what it points to in the end. A tag may also name a tree or a file.
  const input = names.map((name) => `${name}^{commit}\n`).join('');
  const output = await git.run(folder, ['cat-file', '--batch-check=%(objectname)'], { input });
  const lines = output.toString().split('\n');
  return names.map((_, at) => /^[0-9a-f]{40}$/.exec(lines[at] ?? '')?.[0]);
}
