import type { Logger } from '@aws-lambda-powertools/logger';
import { type IndexPlan, needsBuild, planIndex } from '../../core/index/plan-index.ts';
import { type Diagnostic, readIndex } from '../../core/index/read-index.ts';
import { indexDiagnosticsMail } from '../../core/mail/build-mail.ts';
import { projectSchema } from '../../core/model/project.ts';
import type { PushTrigger } from '../../core/model/trigger.ts';
import type { IndexRepository } from '../../services/git-host/index-repository.ts';
import { sendBestEffort } from '../../services/mail/best-effort-mail.ts';
import type { Mailer } from '../../services/mail/mailer.ts';
import type { Deliveries } from '../../services/tables/deliveries.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';
import type { Announce } from '../cascade/announce.ts';
import { type Call, createWriteEntries, type WriteServices } from './write-entries.ts';

interface Services extends WriteServices {
  projects: WriteServices['projects'] & Pick<Projects, 'all'>;
  deliveries: Pick<Deliveries, 'advance'>;
  index: {
    name: string;
    repository: Pick<IndexRepository, 'filesAt'>;
    /** Hosts that entries may name although they are private. */
    allowedHosts: string[];
    mostRecipients: number;
  };
  announce: Announce;
  mailer: Mailer;
  operators: string[];
  siteUrl: string;
  logger: Logger;
}

/** The outcome of a push of the index, as a text for people. */
export interface IndexApplied {
  outcome: string;
  /** The time was too short: the same push is to be applied again. What is done is not repeated. */
  unfinished?: boolean;
}

/** The time to read the index and write its entries, and then the time for the cascade. The next run goes on with an index that takes longer. */
const writingMilliseconds = 20_000;
const cascadeMilliseconds = 25_000;
/** The least time for writing, so that an index that takes long to read still makes progress. */
const leastWritingMilliseconds = 5000;

/** Applies a push of the index to the projects, and has new and changed ones built, parents first. */
export function createApplyIndexPush(services: Services) {
  const { projects, deliveries, index, announce, logger } = services;
  const writeEntries = createWriteEntries(services);

  async function applyIndexPush(push: PushTrigger): Promise<IndexApplied> {
    const deadline = Date.now() + writingMilliseconds;
    if (push.deleted || push.commit === null) return { outcome: 'ignored: the index branch was deleted' };
    // A push that is planned after a newer one must not bring the older entries back.
    if (!(await deliveries.advance(`${push.source} ${push.ref}`, { ...push, commit: push.commit })))
      return finishOutdated(push);
    const files = await index.repository.filesAt(push.commit);
    const read = readIndex(files, {
      now: new Date(),
      allowedHosts: index.allowedHosts,
      mostRecipients: index.mostRecipients,
    });
    const known = await projects.all();
    // Only the fields of an entry are compared to the index, not what the pipeline adds to its record.
    const plan = planIndex(
      read,
      known.map((project) => projectSchema.parse(project)),
    );
    const calls = callsOf(push, plan, known);
    const { failures, unfinished } = await writeEntries({
      ...{ push, plan, known, calls },
      entries: read.projects,
      deadline: Math.max(deadline, Date.now() + leastWritingMilliseconds),
    });
    const { added, changed, deactivated } = plan;
    const errors = read.problems.filter(({ severity }) => severity === 'error');
    const counts = `index: ${added.length} added, ${changed.length} changed, ${deactivated.length} removed, ${errors.length} errors`;
    if (unfinished) return { outcome: `${counts}; goes on`, unfinished };

    for (const name of failures.keys()) calls.delete(name);
    const announced = await build(push, calls);
    if (announced.unfinished) return { outcome: `${counts}; goes on`, unfinished: true };
    for (const [project, error] of failures) {
      logger.error('An entry of the index could not be applied', { project, error: error as Error });
      throw error;
    }
    if (errors.length > 0 || read.projects.length === 0) await reportErrors(push.commit, errors);
    const { cascade, members } = announced;
    return { outcome: `${counts}${cascade ? `, cascade ${cascade}: ${members} projects` : ''}` };
  }

  function build(push: PushTrigger, calls: ReadonlyMap<string, Call>) {
    const causeOf = (change: Call) => ({ type: 'index', delivery: push.id, commit: push.after, change }) as const;
    return announce(
      {
        id: `index:${push.id}`,
        cause: causeOf('changed'),
        roots: [...calls].map(([project, call]) => ({ project, cause: causeOf(call) })),
      },
      cascadeMilliseconds,
    );
  }

  /**
   * If a try of this push crashed after it wrote entries, the newer push saw no difference in them and did not build them. So this push still
   * builds what it called for.
   */
  async function finishOutdated(push: PushTrigger): Promise<IndexApplied> {
    const none = { added: [], changed: [], deactivated: [] };
    const { unfinished } = await build(push, callsOf(push, none, await projects.all()));
    return { outcome: 'ignored: a newer push of the index came before', unfinished };
  }

  async function reportErrors(commit: string, errors: Diagnostic[]): Promise<void> {
    const mail = indexDiagnosticsMail({ repository: index.name, commit, problems: errors, siteUrl: services.siteUrl });
    // The valid entries are in force even if no mail can be sent.
    await sendBestEffort(
      { mailer: services.mailer, logger },
      { id: `index ${commit}`, to: services.operators, mail, about: { commit } },
    );
  }

  return applyIndexPush;
}

export type ApplyIndexPush = ReturnType<typeof createApplyIndexPush>;

/** The entries, by name, that a push of the index has built; also those that an earlier try of it wrote before it crashed. */
function callsOf(push: PushTrigger, { added, changed }: IndexPlan, known: ProjectRecord[]): Map<string, Call> {
  const knownByName = new Map(known.map((project) => [project.name, project]));
  const calls = new Map<string, Call>();
  for (const { calledBy, active, name } of known) {
    if (active && calledBy?.delivery === push.id) calls.set(name, calledBy.change);
  }
  for (const { name } of added) calls.set(name, 'added');
  for (const project of changed) {
    const before = knownByName.get(project.name);
    if (before && needsBuild(before, project, before.judged?.outcome === 'block')) calls.set(project.name, 'changed');
  }
  return calls;
}
