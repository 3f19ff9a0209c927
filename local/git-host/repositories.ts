import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { commitIds } from './commit-ids.ts';
import type { Git } from './git-process.ts';

export interface Repository {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  /** The bare repository on disk. */
  readonly folder: string;
  /** Milliseconds. */
  readonly createdAt: number;
  readonly pushedAt: number;
  /** The repository that this one is a fork of. */
  readonly forkOf: number | undefined;
  /** Only its owner, its collaborators and the machine see it. */
  readonly isPrivate: boolean;
}

export interface Repositories {
  /** The folder of all of them, for a server that works below one root. */
  readonly root: string;
  find(owner: string, name: string): Repository | undefined;
  get(id: number): Repository | undefined;
  /** Makes one a fork of another, unless it is a fork already. */
  fork(repository: Repository, of: Repository): Repository;
  list(): Repository[];
  setPrivate(repository: Repository, isPrivate: boolean): Repository;
  /** Makes the repository if it is not there. */
  ensure(owner: string, name: string): Promise<Repository>;
  /** A repository that stays empty, for a client that asks about one that is not there yet. */
  empty(): Promise<Repository>;
  /** The commit that a branch, a tag, a full ref or the beginning of a commit's id names. */
  commitOf(repository: Repository, ref: string): Promise<string | undefined>;
  /** The branch that HEAD names, whether it is there or not. */
  defaultBranch(repository: Repository): Promise<string>;
  pushed(repository: Repository, at: number): void;
  /** Forgets those whose folder somebody has deleted, and returns them. */
  forgetDeleted(): Repository[];
}

const ownerPattern = /^[a-z0-9][a-z0-9_.-]{0,99}$/i;
const namePattern = /^[a-z0-9_.][a-z0-9_.-]{0,99}$/i;
/** What git refuses in a ref, and everything that would make it an expression. https://git-scm.com/docs/git-check-ref-format */
const refPattern = /^(?!.*(?:\.\.|@\{|\/\/|\.lock(?:\/|$)|\/\.|\/$|\.$))[^\s\p{Cc}~^:?*[\\.-][^\s\p{Cc}~^:?*[\\]*$/u;

/** Whether GitHub could have a repository of this name. Such a name is safe in a path. */
export function isRepositoryName(owner: string, name: string): boolean {
  return (
    ownerPattern.test(owner) &&
    !owner.includes('..') &&
    namePattern.test(name) &&
    !/^\.\.?$|\.(?:git|lock|wiki)$/i.test(name)
  );
}

/** The repositories of the host: bare ones below the data folder. Names differ in more than case, as on GitHub. */
export function createRepositories(options: { dataFolder: string; database: DatabaseSync; git: Git }): Repositories {
  const { database, git } = options;
  const root = join(options.dataFolder, 'git');
  database.exec(`create table if not exists git_repositories (
    id integer primary key autoincrement,
    owner text not null,
    name text not null,
    created_at integer not null,
    pushed_at integer not null
  ) strict;
  create unique index if not exists git_repository_name on git_repositories (lower(owner), lower(name));
  create table if not exists git_private (id integer primary key) strict;
  create table if not exists git_forks (repository_id integer primary key, parent_id integer not null) strict;`);
  const select = `select id, owner, name, created_at, pushed_at, parent_id, id in (select id from git_private) as private
    from git_repositories left join git_forks on repository_id = id`;
  const named = database.prepare(`${select} where lower(owner) = lower(?) and lower(name) = lower(?)`);
  const making = new Map<string, Promise<void>>();
  let emptyMade: Promise<void> | undefined;

  const folderOf = (owner: string, name: string) => join(root, owner.toLowerCase(), `${name.toLowerCase()}.git`);
  const fromRow = (row: Record<string, unknown>): Repository => {
    const owner = String(row.owner);
    const name = String(row.name);
    const times = { createdAt: Number(row.created_at), pushedAt: Number(row.pushed_at) };
    const forkOf = row.parent_id === null ? undefined : Number(row.parent_id);
    const isPrivate = row.private === 1;
    return { id: Number(row.id), owner, name, folder: folderOf(owner, name), ...times, forkOf, isPrivate };
  };
  const find = (owner: string, name: string): Repository | undefined => {
    const row = isRepositoryName(owner, name) ? named.get(owner, name) : undefined;
    return row && fromRow(row);
  };

  async function makeFolder(folder: string): Promise<void> {
    const unfinished = `${folder}.new`;
    await mkdir(dirname(folder), { recursive: true });
    await rm(unfinished, { recursive: true, force: true });
    await git.run(dirname(folder), ['init', '--quiet', '--bare', '--template=', unfinished]);
    // A folder without a row was left by a machine that was killed; no push to it has ever ended.
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  }

  async function make(owner: string, name: string): Promise<void> {
    await makeFolder(folderOf(owner, name));
    const now = Date.now();
    database
      .prepare('insert into git_repositories (owner, name, created_at, pushed_at) values (?, ?, ?, ?)')
      .run(owner, name, now, now);
  }

  const list = () => database.prepare(`${select} order by lower(owner), lower(name)`).all().map(fromRow);

  return {
    root,
    find,
    list,
    get(id) {
      const row = database.prepare(`${select} where id = ?`).get(id);
      return row && fromRow(row);
    },
    fork(repository, of) {
      database.prepare('insert into git_forks values (?, ?) on conflict do nothing').run(repository.id, of.id);
      return { ...repository, forkOf: repository.forkOf ?? of.id };
    },
    setPrivate(repository, isPrivate) {
      const change = isPrivate
        ? 'insert into git_private values (?) on conflict do nothing'
        : 'delete from git_private where id = ?';
      database.prepare(change).run(repository.id);
      return { ...repository, isPrivate };
    },
    async ensure(owner, name) {
      if (!isRepositoryName(owner, name))
        throw new RepositoryNameError(`${owner}/${name} is not a name of a repository.`);
      const key = folderOf(owner, name);
      if (!find(owner, name)) {
        const made = making.get(key) ?? make(owner, name).finally(() => making.delete(key));
        making.set(key, made);
        await made;
      }
      const repository = find(owner, name);
      if (!repository) throw new RepositoryNameError(`${owner}/${name} could not be made.`);
      return repository;
    },
    async empty() {
      const folder = join(root, '.empty.git');
      emptyMade ??= makeFolder(folder);
      await emptyMade;
      return { id: 0, owner: '', name: '', folder, createdAt: 0, pushedAt: 0, forkOf: undefined, isPrivate: false };
    },
    async commitOf(repository, ref) {
      if (!refPattern.test(ref)) return undefined;
      const names = [`refs/heads/${ref}`, `refs/tags/${ref}`];
      if (/^[0-9a-f]{4,40}$/.test(ref)) names.unshift(ref);
      if (/^(?:heads|tags|pull)\//.test(ref)) names.push(`refs/${ref}`);
      if (/^(?:refs\/|HEAD$)/.test(ref)) names.push(ref);
      const commits = await commitIds(git, repository.folder, names);
      return commits.find((commit) => commit !== undefined);
    },
    async defaultBranch(repository) {
      // To start git for it costs more than all the rest of many requests. https://git-scm.com/docs/gitrepository-layout
      const head = await readFile(join(repository.folder, 'HEAD'), 'utf8');
      return head.trim().replace('ref: refs/heads/', '');
    },
    pushed: (repository, at) =>
      void database.prepare('update git_repositories set pushed_at = ? where id = ?').run(at, repository.id),
    forgetDeleted() {
      const deleted = list().filter(({ folder }) => !existsSync(folder));
      for (const { id } of deleted) database.prepare('delete from git_repositories where id = ?').run(id);
      return deleted;
    },
  };
}

/** The repositories as a stranger finds them. */
export function publicOnly({ find, get, list }: Repositories): Pick<Repositories, 'find' | 'get' | 'list'> {
  const shown = (repository: Repository | undefined) => (repository?.isPrivate ? undefined : repository);
  return {
    find: (owner, name) => shown(find(owner, name)),
    get: (id) => shown(get(id)),
    list: () => list().filter(({ isPrivate }) => !isPrivate),
  };
}

/** The name is not one that GitHub would allow. */
export class RepositoryNameError extends Error {
  override readonly name = 'RepositoryNameError';
}
