import type { DatabaseSync } from 'node:sqlite';
import { transaction } from '../aws/transaction.ts';
import type { Deliveries } from './deliveries.ts';
import type { Git } from './git-process.ts';
import { noObject, type PushEvent, pushEvent, type RefChange } from './push-event.ts';
import type { Repositories, Repository } from './repositories.ts';

/** More tags than this in one push, and GitHub sends no event for them. https://docs.github.com/en/webhooks/webhook-events-and-payloads#push */
const maxTags = 3;

/**
 * Notices what a push has changed: the refs of the repository compared to those that events have reported. The difference becomes events
 * and the new state is recorded in one transaction, so a kill between git's work and ours loses nothing and sends nothing twice.
 */
export function createPushes(options: {
  url: string;
  database: DatabaseSync;
  git: Git;
  repositories: Repositories;
  deliveries: Deliveries;
  log: (message: string) => void;
}) {
  const { url, database, git, repositories, deliveries } = options;
  database.exec(`create table if not exists git_refs (
    repository_id integer not null,
    ref text not null,
    object text not null,
    primary key (repository_id, ref)
  ) strict, without rowid`);
  const toldRefs = database.prepare('select ref, object from git_refs where repository_id = ?');
  const tell = database.prepare(
    'insert into git_refs values (?, ?, ?) on conflict do update set object = excluded.object',
  );
  const forget = database.prepare('delete from git_refs where repository_id = ? and ref = ?');
  const queues = new Map<number, Promise<void>>();

  async function notice(repository: Repository, login: string): Promise<void> {
    const reported = new Map(toldRefs.all(repository.id).map((row) => [String(row.ref), String(row.object)]));
    const { objects, heads } = await refsOf(git, repository);
    const changes: RefChange[] = [];
    for (const [ref, after] of objects) {
      const before = reported.get(ref) ?? noObject;
      if (before !== after) changes.push({ ref, before, after });
    }
    for (const [ref, before] of reported) if (!objects.has(ref)) changes.push({ ref, before, after: noObject });
    if (changes.length === 0) return;

    await followFirstBranch(repository, heads);
    const pushedAt = Date.now();
    const context = {
      url,
      repository: { ...repository, pushedAt },
      defaultBranch: await repositories.defaultBranch(repository),
      login,
      known: branchesIn(reported),
      current: heads,
    };
    const tooManyTags = changes.filter(({ ref }) => ref.startsWith('refs/tags/')).length > maxTags;
    const events: PushEvent[] = [];
    for (const change of changes) {
      options.log(`${repository.owner}/${repository.name}: ${change.ref} is now ${change.after.slice(0, 12)}`);
      if (tooManyTags && change.ref.startsWith('refs/tags/')) continue;
      events.push(await pushEvent(git, change, context));
    }
    transaction(database, () => {
      for (const { ref, after } of changes) {
        if (after === noObject) forget.run(repository.id, ref);
        else tell.run(repository.id, ref, after);
      }
      for (const payload of events) deliveries.add({ event: 'push', repositoryId: repository.id, payload });
      repositories.pushed(repository, pushedAt);
    });
    deliveries.pump();
  }

  /** GitHub's default branch of a repository is the first one that is pushed. */
  async function followFirstBranch(repository: Repository, heads: ReadonlyMap<string, string>): Promise<void> {
    const head = `refs/heads/${await repositories.defaultBranch(repository)}`;
    const [first] = heads.has('refs/heads/master') ? ['refs/heads/master'] : heads.keys();
    if (!heads.has(head) && first) await git.run(repository.folder, ['symbolic-ref', 'HEAD', first]);
  }

  return {
    /** Journals the events of what has changed since the last call. One repository's calls run one after the other. */
    notice(repository: Repository, login: string): Promise<void> {
      const before = queues.get(repository.id) ?? Promise.resolve();
      const noticed = before.then(() => notice(repository, login));
      const settled = noticed.catch(() => undefined);
      queues.set(repository.id, settled);
      return noticed;
    },
  };
}

function branchesIn(refs: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...refs].filter(([ref]) => ref.startsWith('refs/heads/')));
}

async function refsOf(
  git: Git,
  repository: Repository,
): Promise<{ objects: Map<string, string>; heads: Map<string, string> }> {
  const output = await git.run(repository.folder, [
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    'refs/heads/',
    'refs/tags/',
  ]);
  const lines = output
    .toString()
    .split('\n')
    .filter((line) => line !== '');
  const objects = new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]));
  return { objects, heads: branchesIn(objects) };
}
