import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { HostBusyError, SourceAbsentError, SourceSecretError, UpstreamError } from '../core/model/errors.ts';
import type { Trigger, TriggerOf } from '../core/model/trigger.ts';
import { once } from '../core/once.ts';
import { type PostponeReason, postponement } from '../core/triggers/postpone.ts';
import { type TriggerSenders, triggerFrom } from '../core/triggers/sender.ts';
import { subjectOf } from '../core/triggers/subject.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { jsonVariable } from '../services/environment.ts';
import { HostRefusedError } from '../services/git-host/host-requests.ts';
import { IndexTooSlowError } from '../services/git-host/index-repository.ts';
import { type Deliveries, type Delivery, openDeliveries } from '../services/tables/deliveries.ts';
import type { Planned, Planners } from './triggers/planner.ts';
import { openPlanners } from './triggers/planners.ts';

interface Services {
  planners: Planners;
  deliveries: Pick<Deliveries, 'get' | 'put'>;
  triggers: Pick<Triggers, 'send' | 'sendBatch'>;
  logger: Logger;
}

/** Decides which projects a trigger concerns and starts their builds. Handling the same trigger again changes nothing. */
export function createPlanBuilds({ planners, deliveries, triggers, logger }: Services) {
  const plan = <Type extends Trigger['type']>(trigger: TriggerOf<Type> & { type: Type }) =>
    planners[trigger.type](trigger);

  const record = (trigger: Trigger, end: Pick<Delivery, 'outcome' | 'builds' | 'waitsUntil'>) =>
    deliveries.put({ delivery: trigger.id, type: trigger.type, subject: subjectOf(trigger), ...end });

  /** Puts a trigger off and leaves it in the queue; false if that was done often enough. */
  async function postpone(trigger: Trigger, reason: PostponeReason, error?: UpstreamError): Promise<boolean> {
    const { postponed = 0 } = trigger;
    const requested = error instanceof HostBusyError ? error.retryAt : undefined;
    const delay = postponement(reason, postponed, { now: new Date(), random: Math.random(), requested });
    if (delay === undefined) return false;
    if (error && isRecorded(trigger))
      await record(trigger, {
        outcome: `waits: ${error.message}`,
        builds: [],
        waitsUntil: new Date(Date.now() + delay * 1000).toISOString(),
      });
    await triggers.send({ ...trigger, postponed: postponed + 1 }, delay);
    logger.info('A trigger is put off', { trigger: trigger.id, type: trigger.type, reason, delay, error });
    return true;
  }

  /** Undefined if the trigger is put off, because the git host is down or slow: it does not count as failed, however many hours that takes. */
  async function planOrPostpone(trigger: Trigger): Promise<Planned | undefined> {
    try {
      return await plan(trigger);
    } catch (error) {
      // The watch of repositories finds what is missing, once the repository opens; until then the project's page says what is wrong.
      if (error instanceof SourceSecretError || error instanceof SourceAbsentError)
        return { outcome: `ignored: ${error.message}`, builds: [] };
      const isPassing = error instanceof UpstreamError && !(error instanceof HostRefusedError);
      const reason = error instanceof IndexTooSlowError ? 'slow' : 'down';
      if (!isPassing || !(await postpone(trigger, reason, error))) throw error;
      return undefined;
    }
  }

  return async function planBuilds(trigger: Trigger): Promise<void> {
    const known = isRecorded(trigger) ? await deliveries.get(trigger.id) : undefined;
    if (known && known.waitsUntil === undefined) return;
    const planned = await planOrPostpone(trigger);
    if (!planned) return;
    const { outcome, builds, unfinished, isUnseen } = planned;
    logger.info('A trigger is planned', { trigger: trigger.id, type: trigger.type, outcome, builds });
    if (unfinished) await triggers.sendBatch([trigger]);
    else if (isUnseen && (await postpone(trigger, 'unseen'))) return;
    else if (isRecorded(trigger)) await record(trigger, { outcome, builds });
  };
}

/** A cascade step is not recorded as a delivery: the same step is sent again whenever a project may go on. */
function isRecorded({ type }: Trigger): boolean {
  return type !== 'cascade-step';
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'plan-builds' });
  const planBuilds = createPlanBuilds({
    planners: openPlanners(logger),
    deliveries: openDeliveries(),
    triggers: openTriggers(),
    logger,
  });
  return { planBuilds, senders: jsonVariable('TRIGGER_SENDERS') as TriggerSenders };
});

export function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const { planBuilds, senders } = run();
  return processPartialResponse(
    event,
    ({ body, attributes }: SQSRecord) => planBuilds(triggerFrom(body, attributes.SenderId, senders)),
    new BatchProcessor(EventType.SQS),
    { context },
  );
}
