import { commitIds } from './commit-ids.ts';
import type { Git } from './git-process.ts';
import type { Repository } from './repositories.ts';
import { pushedRepositoryJson, userJson } from './repository-json.ts';

/** One ref that a push changed; 40 zeros mean "was not there" or "is not there any more". */
export interface RefChange {
  ref: string;
  before: string;
  after: string;
}

/** What the event says of a push besides its ref. */
export interface PushContext {
  url: string;
  repository: Repository;
  defaultBranch: string;
  /** Who pushed. */
  login: string;
  /** The heads of the branches before the push, by ref: what is new is what none of them reaches. */
  known: ReadonlyMap<string, string>;
  /** The heads of the branches after it. */
  current: ReadonlyMap<string, string>;
}

export const noObject = '0'.repeat(40);

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#push */
const maxCommits = 2048;

/** The payload of GitHub's `push` event. */
export async function pushEvent(git: Git, { ref, before, after }: RefChange, context: PushContext) {
  const { url, repository, login } = context;
  const { folder } = repository;
  const page = `${url}/git/${repository.owner}/${repository.name}`;
  const created = before === noObject;
  const deleted = after === noObject;
  const isBranch = ref.startsWith('refs/heads/');
  const objects = [after, before].filter((object) => object !== noObject);
  // Git lets nothing but a commit be the head of a branch.
  const [head, base] = deleted ? [] : isBranch ? objects : await commitIds(git, folder, objects);

  const pushed = isBranch && head ? await commitsOf(git, folder, page, pushedRange(head, base, context)) : noCommits;
  const { commits } = pushed;
  const others = otherHeads(ref, context);
  // Of a new branch, what is unseen is already all that counts as pushed.
  if (head && base && commits.length > 0 && others.length > 0) {
    const unseen = await idsOf(git, folder, { reach: [head], not: [base, ...others] });
    for (const commit of commits) commit.distinct = unseen.has(commit.id);
  }
  const headCommit =
    commits.find(({ id }) => id === head) ??
    (head ? (await commitsOf(git, folder, page, { reach: [head], limit: 1 })).commits[0] : undefined);

  return {
    ref,
    before,
    after,
    repository: pushedRepositoryJson(url, repository, context.defaultBranch),
    pusher: { name: login, email: `${login}@users.noreply.localhost` },
    sender: userJson(url, login),
    created,
    deleted,
    forced: !created && !deleted && !(await isAncestor(git, folder, { base, head, pushed })),
    base_ref: created && head ? baseRef(ref, head, context) : null,
    compare: `${page}/${comparison(ref, before, after, commits)}`,
    commits,
    head_commit: headCommit ?? null,
  };
}

export type PushEvent = Awaited<ReturnType<typeof pushEvent>>;

interface Commit {
  id: string;
  tree_id: string;
  distinct: boolean;
  message: string;
  timestamp: string;
  url: string;
  author: { name: string; email: string; date: string };
  committer: { name: string; email: string; date: string };
  added: string[];
  removed: string[];
  modified: string[];
}

/** The commits that some reach and others do not. */
interface Range {
  reach: string[];
  not?: string[];
  limit?: number;
}

/** The form in which git reads it from its input: `^` means not. */
function revisions({ reach, not = [] }: Range): { input: string } {
  return { input: [...reach, ...not.map((id) => `^${id}`), ''].join('\n') };
}

/** A branch that was there: what came since. A new one: what no other branch had. */
function pushedRange(head: string, base: string | undefined, { known }: PushContext): Range {
  return { reach: [head], not: base ? [base] : [...known.values()] };
}

function otherHeads(ref: string, { known }: PushContext): string[] {
  return [...known].filter(([name]) => name !== ref).map(([, head]) => head);
}

/** The branch that a new ref starts from, where one has the very same head. */
function baseRef(ref: string, head: string, { current, defaultBranch }: PushContext): string | null {
  const same = [...current].filter(([name, commit]) => name !== ref && commit === head).map(([name]) => name);
  return same.find((name) => name === `refs/heads/${defaultBranch}`) ?? same[0] ?? null;
}

function comparison(ref: string, before: string, after: string, commits: Commit[]): string {
  const short = (id: string) => id.slice(0, 12);
  if (before !== noObject) return `compare/${short(before)}...${short(after)}`;
  const name = ref.replace(/^refs\/(?:heads|tags)\//, '');
  const [first] = commits;
  if (first === undefined) return `compare/${name}`;
  return commits.length === 1 ? `commit/${first.id}` : `compare/${short(first.id)}^...${short(after)}`;
}

/** Of the commits that the head reaches and the base does not, one has the base as its parent. Git is asked where not all are known. */
async function isAncestor(
  git: Git,
  folder: string,
  { base, head, pushed }: { base: string | undefined; head: string | undefined; pushed: Commits },
): Promise<boolean> {
  if (base === undefined || head === undefined) return false;
  const { length } = pushed.commits;
  if (length > 0 && length < maxCommits) return pushed.parents.has(base);
  return (await git.ask(folder, ['merge-base', '--is-ancestor', base, head])) !== undefined;
}

async function idsOf(git: Git, folder: string, range: Range): Promise<Set<string>> {
  const output = await git.run(folder, ['rev-list', `--max-count=${maxCommits}`, '--stdin'], revisions(range));
  return new Set(output.toString().split('\n'));
}

interface Commits {
  /** The oldest first. */
  commits: Commit[];
  parents: ReadonlySet<string>;
}

const noCommits: Commits = { commits: [], parents: new Set() };

/** The commits, with the files that each touched (a merge: beside its first parent). */
async function commitsOf(git: Git, folder: string, page: string, range: Range): Promise<Commits> {
  const format = '--format=%H%x00%P%x00%T%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B';
  const limit = `--max-count=${range.limit ?? maxCommits}`;
  const output = await git.run(
    folder,
    ['log', '-z', '--name-status', '--no-renames', '--diff-merges=first-parent', format, limit, '--stdin'],
    revisions(range),
  );
  const tokens = output.toString('utf8').split('\0').values();
  const commits: Commit[] = [];
  const parents = new Set<string>();
  for (let token = tokens.next().value; token; token = tokens.next().value) {
    const status = /^\n?([AMDT])$/.exec(token)?.[1];
    const next = () => tokens.next().value ?? '';
    if (status === undefined) {
      for (const parent of next().split(' ')) parents.add(parent);
      commits.push({
        id: token,
        tree_id: next(),
        distinct: true,
        message: '',
        timestamp: '',
        url: `${page}/commit/${token}`,
        author: { name: next(), email: next(), date: next() },
        committer: { name: next(), email: next(), date: next() },
        added: [],
        removed: [],
        modified: [],
      });
      const commit = commits.at(-1);
      if (commit) Object.assign(commit, { message: next().replace(/\n+$/, ''), timestamp: commit.committer.date });
    } else {
      const list = status === 'A' ? 'added' : status === 'D' ? 'removed' : 'modified';
      commits.at(-1)?.[list].push(next());
    }
  }
  return { commits: commits.reverse(), parents };
}
