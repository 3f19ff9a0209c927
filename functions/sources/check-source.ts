import { randomUUID } from 'node:crypto';
import type { Logger } from '@aws-lambda-powertools/logger';
import { inBatches } from '../../core/concurrency.ts';
import { tagSnapshot, tagsSince } from '../../core/sources/seen-tags.ts';
import { absentError } from '../../core/sources/source-failure.ts';
import { refPrefixes, versionTagsOf, type WatchedSource } from '../../core/sources/watched-sources.ts';
import type { Triggers } from '../../services/aws/triggers.ts';
import type { RefsAnswer, SourceHost } from '../../services/git-host/git-remote.ts';
import type { ProjectSources } from '../../services/git-host/project-sources.ts';
import type { Heads } from '../../services/tables/heads.ts';
import type { IndexHeads } from '../../services/tables/index-head.ts';
import type { Source } from '../../services/tables/sources.ts';

/** A trigger is one message of the queue, of at most 256 KiB. */
const refsPerTrigger = 200;
const timeoutMilliseconds = 15_000;
/** An item of DynamoDB has room for so many, and people read of one at a time. */
const mostMissing = 100;

export interface CheckSourceServices {
  heads: Pick<Heads, 'getMany'>;
  indexHead: Pick<IndexHeads, 'get'>;
  triggers: Pick<Triggers, 'send'>;
  refsOf: SourceHost['refsOf'];
  projectSources: Pick<ProjectSources, 'refsOf'>;
  index: { url: string; source: string; ref: string };
  /** The authorization header for an index that is not public. */
  indexAuthorization(): Promise<string | undefined>;
  logger: Logger;
}

/** The result of checking a repository. */
export interface SourceCheck {
  /** How many triggers were sent. */
  triggers: number;
  /** What to remember for the next check; undefined if there is nothing. */
  source: Source | undefined;
}

/**
 * Reads the branches and version tags of a repository, and sends triggers for the heads that were not planned yet.
 * @throws UpstreamError if its host does not give them
 */
export function createCheckSource(services: CheckSourceServices) {
  const { heads, indexHead, triggers, index, logger } = services;

  async function readRefs(watched: WatchedSource, known: Source | undefined, end: AbortSignal): Promise<RefsAnswer> {
    const isIndex = watched.name === index.source;
    const { memory } = known ?? {};
    // The answer "nothing has changed" is of use only if all of these refs were read before.
    const knowsAll =
      [...watched.branches].every((ref) => known?.heads?.[ref]) && (!watched.tags || known?.tags !== undefined);
    const request = {
      prefixes: refPrefixes(watched),
      memory: knowsAll ? memory : { ...memory, etag: undefined },
      signal: end,
      timeoutMilliseconds,
    };
    const [project] = watched.projects;
    if (project && !isIndex) return services.projectSources.refsOf(project, request);
    return services.refsOf(watched.url, { ...request, authorization: await services.indexAuthorization() });
  }

  /** The branches with another head than the newest one that was planned for a project of theirs. */
  async function movedBranches(watched: WatchedSource, refs: ReadonlyMap<string, string>): Promise<string[]> {
    const keys = watched.projects.map(({ name, gitBranch }) => ({ project: name, ref: `refs/heads/${gitBranch}` }));
    const planned = new Map(
      (await heads.getMany(keys)).map(({ project, ref, commit }) => [`${project} ${ref}`, commit]),
    );
    const moved = new Set(
      keys
        .filter(({ project, ref }) => refs.has(ref) && planned.get(`${project} ${ref}`) !== refs.get(ref))
        .map(({ ref }) => ref),
    );
    if (watched.name === index.source && refs.has(index.ref)) {
      const known = await indexHead.get();
      if (known?.commit !== refs.get(index.ref)) moved.add(index.ref);
    }
    return [...moved];
  }

  return async function checkSource(
    watched: WatchedSource,
    known: Source | undefined,
    end: AbortSignal,
  ): Promise<SourceCheck> {
    const answer = await readRefs(watched, known, end);
    if (answer.kind === 'absent') throw absentError(answer, watched.projects[0]);
    const refs = answer.kind === 'refs' ? answer.refs : new Map(Object.entries(known?.heads ?? {}));
    const tags = versionTagsOf(answer.kind === 'refs' ? answer.refs : new Map());
    const moved = await movedBranches(watched, refs);
    // The first check only records the tags to compare the next one to: a new project does not build its old versions.
    if (answer.kind === 'refs' && watched.tags && known?.tags)
      for (const [ref] of tagsSince(known.tags, tags)) moved.push(ref);

    const batches = inBatches(moved, refsPerTrigger);
    for (const refs of batches) {
      // The planner asks the host itself, so that refs that are found again before they are planned are built once.
      const id = `source-moved:${randomUUID()}`;
      await triggers.send({ type: 'source-moved', id, source: watched.source, refs });
    }
    return { triggers: batches.length, source: remembered(watched, answer, tags, known) };
  };

  /** Stored after the triggers are sent: a run that crashes in between is made up for by the next. */
  function remembered(
    watched: WatchedSource,
    answer: Exclude<RefsAnswer, { kind: 'absent' }>,
    versions: ReadonlyMap<string, string>,
    known: Source | undefined,
  ): Source | undefined {
    const { name: source } = watched;
    if (answer.kind === 'unchanged') {
      const { heads: at, tags, memory, movedTo, missing } = known ?? {};
      return { source, failures: 0, heads: at, tags, memory, movedTo, missing };
    }
    const tags = watched.tags ? tagSnapshot(versions) : undefined;
    if (watched.tags && !tags) logger.warn('A repository has too many version tags to be watched', { source });
    const memory = Object.fromEntries(Object.entries(answer.memory).filter(([, value]) => value !== undefined));
    const branches = [...watched.branches].flatMap((ref) => {
      const commit = answer.refs.get(ref);
      return commit === undefined ? [] : [[ref, commit] as const];
    });
    const movedTo = answer.movedTo?.slice(0, 2048);
    if (movedTo && movedTo !== known?.movedTo)
      logger.warn('A repository was renamed or transferred: its new address belongs in the index', {
        source,
        movedTo,
      });
    const missing = [...watched.branches].filter((ref) => !answer.refs.has(ref)).slice(0, mostMissing);
    if (!tags && !movedTo && Object.keys(memory).length === 0 && missing.length === 0) return undefined;
    return {
      source,
      failures: 0,
      tags,
      movedTo,
      missing: missing.length > 0 ? missing : undefined,
      memory: Object.keys(memory).length > 0 ? memory : undefined,
      heads: answer.memory.etag ? Object.fromEntries(branches) : undefined,
    };
  }
}
