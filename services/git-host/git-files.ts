import { ManifestError } from '../../core/model/errors.ts';
import {
  type CommitFields,
  commitOf,
  folderMode,
  type GitObject,
  idOf,
  nameBytes,
  nameText,
  readTree,
  signedCommit,
  type TreeEntry,
  treeOf,
  treeOfCommit,
} from './git-objects.ts';
import type { GitRepository } from './git-repository.ts';

/** A company's repository has some thousand folders. A folder that an entry names has manifests, and so far fewer. */
const mostFolders = 2_000;
const mostFiles = 500;
const linkMode = '120000';
const submoduleMode = '160000';

/** Gives the signature of a commit, as the commit is to have it. */
export type SignCommit = (commit: Uint8Array) => Promise<string>;

interface FoundFile {
  path: string;
  id: string;
}

/**
 * The files of one commit. Folders are fetched level by level, so that what is read of a repository depends on how deep a path is, not on
 * how large the repository is.
 */
export function filesAt(repository: GitRepository, commit: string) {
  async function treesOf(ids: readonly string[]): Promise<TreeEntry[][]> {
    await repository.fetchObjects(ids);
    return ids.map((id) => readTree(repository.object(id).data, repository.format));
  }

  async function rootTree(): Promise<string> {
    await repository.fetchObjects([commit]);
    return treeOfCommit(repository.object(commit));
  }

  async function entryAt(path: string): Promise<TreeEntry | undefined> {
    let entry: TreeEntry | undefined = { mode: folderMode, name: '', id: await rootTree() };
    for (const part of partsOf(path)) {
      if (entry?.mode !== folderMode) return undefined;
      const [entries = []]: TreeEntry[][] = await treesOf([entry.id]);
      entry = entries.find(({ name }) => name === nameBytes(part));
    }
    return entry;
  }

  /** All files within a folder that are wanted. */
  async function within(folder: string, tree: string, isWanted: (path: string) => boolean): Promise<FoundFile[]> {
    const files: FoundFile[] = [];
    let level = [{ path: folder, id: tree }];
    for (let folders = 0; level.length > 0; ) {
      folders += level.length;
      if (folders > mostFolders) throw tooMuch(folder, `more than ${mostFolders} folders`);
      const listed = await treesOf(level.map(({ id }) => id));
      const next: typeof level = [];
      for (const [index, { path }] of level.entries()) {
        for (const { mode, name, id } of listed[index] ?? []) {
          const found = { path: path === '.' ? nameText(name) : `${path}/${nameText(name)}`, id };
          if (mode === folderMode) next.push(found);
          else if (mode.startsWith('100') && isWanted(found.path)) files.push(found);
        }
      }
      if (files.length > mostFiles) throw tooMuch(folder, `more than ${mostFiles} manifests`);
      level = next;
    }
    return files;
  }

  return {
    /** The file at a path, or those within the folder there that are wanted; undefined if there is nothing. */
    async find(
      path: string,
      isWanted: (path: string) => boolean,
    ): Promise<{ isFolder: boolean; files: FoundFile[] } | undefined> {
      const entry = await entryAt(path);
      if (!entry) return undefined;
      if (entry.mode === folderMode) return { isFolder: true, files: await within(path, entry.id, isWanted) };
      if (entry.mode === linkMode || entry.mode === submoduleMode)
        throw new ManifestError(`${path}: this is a link to elsewhere. Name the file itself.`);
      return { isFolder: false, files: [{ path, id: entry.id }] };
    },

    /** What files contain, with one request for all. */
    async read(files: readonly FoundFile[]): Promise<Buffer[]> {
      await repository.fetchObjects(files.map(({ id }) => id));
      return files.map(({ id }) => repository.object(id).data);
    },

    /** A commit on top of this one, in which files that are there have other contents, and all objects that are new with it. */
    async change(
      contents: ReadonlyMap<string, Buffer>,
      fields: Pick<CommitFields, 'author' | 'at' | 'message'>,
      sign?: SignCommit,
    ): Promise<{ commit: string; objects: GitObject[] }> {
      const objects: GitObject[] = [];
      const add = (object: GitObject) => {
        objects.push(object);
        return idOf(object, repository.format);
      };
      const rewrite = async (tree: string, changed: readonly { parts: string[]; data: Buffer }[]): Promise<string> => {
        const [entries = []] = await treesOf([tree]);
        const written: TreeEntry[] = [];
        for (const entry of entries) {
          const here = changed.filter(({ parts }) => nameBytes(parts[0] ?? '') === entry.name);
          const [first] = here;
          if (!first) written.push(entry);
          else if (first.parts.length === 1) written.push({ ...entry, id: add({ type: 'blob', data: first.data }) });
          else {
            const inside = here.map(({ parts, data }) => ({ parts: parts.slice(1), data }));
            written.push({ ...entry, id: await rewrite(entry.id, inside) });
          }
        }
        return add(treeOf(written));
      };
      const changed = [...contents].map(([path, data]) => ({ parts: partsOf(path), data }));
      const tree = await rewrite(await rootTree(), changed);
      const made = commitOf({ ...fields, tree, parent: commit });
      return { commit: add(sign ? signedCommit(made, await sign(made.data), repository.format) : made), objects };
    },
  };
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function tooMuch(folder: string, what: string): ManifestError {
  return new ManifestError(`${folder}: there are ${what} in this folder. Name a folder with fewer.`);
}
