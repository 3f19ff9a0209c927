import type { Trigger, TriggerOf } from '../../core/model/trigger.ts';

/** What became of a trigger, in words for people, and the builds that it started. */
export interface Planned {
  outcome: string;
  builds: string[];
  /** There was no time for all of it: the trigger goes back into the queue, and what is done stays done. */
  unfinished?: boolean;
}

/** Plans the triggers of one type. Planning the same trigger again changes nothing. */
export type Planner<Type extends Trigger['type']> = (trigger: TriggerOf<Type>) => Promise<Planned>;

export type Planners = { [Type in Trigger['type']]: Planner<Type> };
