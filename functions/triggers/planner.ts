import type { Trigger, TriggerOf } from '../../core/model/trigger.ts';

/** The outcome of a trigger, as a text for people, and the builds that it started. */
export interface Planned {
  outcome: string;
  builds: string[];
  /** The time was too short: the trigger goes back into the queue. What is done is not repeated. */
  unfinished?: boolean | undefined;
  /** The git host does not show what its event said. It may do so in a moment. */
  isUnseen?: boolean | undefined;
}

/** Plans the triggers of one type. Planning the same trigger again changes nothing. */
export type Planner<Type extends Trigger['type']> = (trigger: TriggerOf<Type>) => Promise<Planned>;

export type Planners = { [Type in Trigger['type']]: Planner<Type> };
