import type { Logger } from '@aws-lambda-powertools/logger';
import { entriesToBuild, type Requirement } from '../../core/index/entries-to-build.ts';
import { planIndex } from '../../core/index/plan-index.ts';
import { type Diagnostic, type Index, type IndexFile, readIndex } from '../../core/index/read-index.ts';
import type { Recipient } from '../../core/mail/content.ts';
import { indexDiagnosticsMail, indexUnreadableMail } from '../../core/mail/index-mail.ts';
import type { GitHost } from '../../core/model/git-host.ts';
import type { CommitsAt } from '../../services/git-host/git-remote.ts';
import {
  type IndexRepository,
  IndexTooLargeError,
  IndexTooSlowError,
} from '../../services/git-host/index-repository.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import type { Mailer } from '../../services/mail/mailer.ts';
import type { IndexHead, IndexHeads } from '../../services/tables/index-head.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { Announce, Announced } from '../cascade/announce.ts';
import { createWriteEntries, type WriteServices } from './write-entries.ts';

interface Services extends WriteServices {
  projects: WriteServices['projects'] & Pick<Projects, 'all'>;
  indexHead: IndexHeads;
  commitsAt: CommitsAt;
  index: {
    name: string;
    url: string;
    ref: string;
    repository: Pick<IndexRepository, 'filesAt'>;
    /** The authorization header for an index that is not public. */
    authorization(): Promise<string | undefined>;
    /** Hosts that entries may name although they are private. */
    allowedHosts: string[];
    gitHosts: readonly GitHost[];
    mostRecipients: number;
  };
  announce: Announce;
  mailer: Mailer;
  operators: Recipient[];
  siteUrl: string;
  logger: Logger;
}

/** What was done about the index, as a text for people. */
export interface IndexApplied {
  outcome: string;
  /** The time was too short: the index is to be applied again. What is done is not repeated. */
  unfinished?: boolean;
  /** The host shows no other head than the one that was applied; without a commit if it shows none. */
  known?: { commit: string | undefined };
}

/** The time to read the index and write its entries, and then the time for the cascade. The next run goes on with an index that takes longer. */
const writingMilliseconds = 20_000;
const cascadeMilliseconds = 25_000;
/** The least time for writing, so that an index that takes long to read still makes progress. */
const leastWritingMilliseconds = 5000;
/** A trigger that loses to other writers this often fails, and is retried. */
const attempts = 20;

/**
 * Applies the index to the projects, as the git host has it at this moment, and has new and changed entries built, parents first. Events
 * only say when to do so: one that is late, repeated or forged changes nothing.
 */
export function createApplyIndex(services: Services) {
  const { projects, indexHead, commitsAt, index, announce, logger } = services;
  const writeEntries = createWriteEntries(services);
  /** The index of a run that had too little time to write it: the next run of this process need not spend seconds on reading it again. */
  let unfinished: { commit: string; read: Index } | undefined;

  /** The head to apply, if it is not applied yet. The stored head is read before the host is asked, and only changed if it is still the same. */
  async function nextHead(): Promise<{ head: IndexHead } | { known: IndexHead | undefined }> {
    for (let count = 0; count < attempts; count++) {
      const known = await indexHead.get();
      const commit = (await commitsAt(`${index.url}.git`, [index.ref], await index.authorization())).get(index.ref);
      if (commit === undefined) return { known: undefined };
      if (known?.commit === commit) return known.applied === known.revision ? { known } : { head: known };
      const head = await indexHead.advance(known, commit);
      if (head) return { head };
    }
    throw new Error('Other writers changed the head of the index again and again.');
  }

  async function apply(head: IndexHead): Promise<IndexApplied> {
    const deadline = Date.now() + writingMilliseconds;
    const read = unfinished?.commit === head.commit ? unfinished.read : await indexAt(head.commit);
    if (read === undefined) return { outcome: `the index at ${head.commit} is too large: its operators were notified` };
    unfinished = undefined;
    const known = await projects.all();
    const plan = planIndex(read, known);
    const toBuild = entriesToBuild(head, plan, known);
    const { failures, isLate } = await writeEntries({
      head,
      plan,
      known,
      toBuild,
      entries: read.projects,
      deadline: Math.max(deadline, Date.now() + leastWritingMilliseconds),
    });
    const { added, changed, deactivated } = plan;
    const errors = read.diagnostics.filter(({ severity }) => severity === 'error');
    const counts = `index: ${added.length} added, ${changed.length} changed, ${deactivated.length} removed, ${errors.length} errors`;
    const goesOn = { outcome: `${counts}; goes on`, unfinished: true };
    if (isLate) {
      unfinished = { commit: head.commit, read };
      return goesOn;
    }
    if ((await indexHead.get())?.revision !== head.revision) return overtaken(head, goesOn);

    for (const name of failures.keys()) toBuild.delete(name);
    const announced = await build(head, toBuild);
    if (announced.unfinished) return goesOn;
    for (const [project, error] of failures) {
      logger.error('An entry of the index could not be applied', { project, error: error as Error });
      throw error;
    }
    if (errors.length > 0 || read.projects.length === 0) await reportErrors(head.commit, errors);
    const { cascade, members } = announced;
    const outcome = `${counts}${cascade ? `, cascade ${cascade}: ${members} projects` : ''}`;
    return (await indexHead.finish(head)) ? { outcome } : overtaken(head, goesOn);
  }

  /** The head has moved, and this run may have written entries after the newer one compared them: the newer one is applied once more. */
  async function overtaken(head: IndexHead, goesOn: IndexApplied): Promise<IndexApplied> {
    await indexHead.reopen(head);
    return goesOn;
  }

  /**
   * A head that was replaced before it was applied to its end called for builds too, and the newer head sees no difference in entries that
   * are written already. Each head's builds are announced under its own id, so that announcing them again changes nothing.
   */
  async function build(head: IndexHead, toBuild: ReadonlyMap<string, Requirement>): Promise<Announced> {
    let announced: Announced = { members: 0, unfinished: false };
    const heads = Map.groupBy(toBuild, ([, { revision }]) => revision);
    for (const revision of [...heads.keys()].toSorted((one, other) => one - other)) {
      const required = heads.get(revision) ?? [];
      const causeOf = ({ commit, change, keys }: Omit<Requirement, 'revision'>) =>
        ({ type: 'index', commit, change, keys }) as const;
      const commit = required[0]?.[1].commit ?? head.commit;
      announced = await announce(
        {
          id: `index:${revision}`,
          cause: causeOf({ commit, change: 'changed' }),
          roots: required.map(([project, requirement]) => ({ project, cause: causeOf(requirement) })),
        },
        cascadeMilliseconds,
      );
      if (announced.unfinished) break;
    }
    return announced;
  }

  async function indexAt(commit: string): Promise<Index | undefined> {
    const files = await filesAt(commit);
    const { allowedHosts, gitHosts, mostRecipients } = index;
    return files && readIndex(files, { now: new Date(), allowedHosts, gitHosts, mostRecipients });
  }

  /** Undefined if no other try can help. The previous index stays in force, and the operators are notified, once for each commit. */
  async function filesAt(commit: string): Promise<IndexFile[] | undefined> {
    try {
      return await index.repository.filesAt(commit);
    } catch (error) {
      const isRetried = error instanceof IndexTooSlowError;
      if (!isRetried && !(error instanceof IndexTooLargeError)) throw error;
      const { siteUrl, operators } = services;
      const mail = indexUnreadableMail({
        repository: index.name,
        indexUrl: index.url,
        gitHost: index.gitHosts[0]?.kind,
        commit,
        reason: error.message,
        isRetried,
        siteUrl,
      });
      const id = `index ${commit} unreadable`;
      await sendBestEffort({ mailer: services.mailer, logger }, { id, to: operators, mail, about: { commit } });
      if (isRetried) throw error;
      return undefined;
    }
  }

  async function reportErrors(commit: string, errors: Diagnostic[]): Promise<void> {
    const mail = indexDiagnosticsMail({
      repository: index.name,
      indexUrl: index.url,
      gitHost: index.gitHosts[0]?.kind,
      commit,
      errors,
      siteUrl: services.siteUrl,
    });
    // The valid entries are in force even if no mail can be sent.
    await sendBestEffort(
      { mailer: services.mailer, logger },
      { id: `index ${commit}`, to: services.operators, mail, about: { commit } },
    );
  }

  return async function applyIndex(): Promise<IndexApplied> {
    const next = await nextHead();
    if ('head' in next) return apply(next.head);
    const { known } = next;
    const outcome = known ? 'the index is known already' : `ignored: ${index.name} has no ${index.ref}`;
    return { outcome, known: { commit: known?.commit } };
  };
}

export type ApplyIndex = ReturnType<typeof createApplyIndex>;
