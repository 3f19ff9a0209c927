import * as z from 'zod';
import { buildIdOf } from '../builds/build-id.ts';
import {
  holdTriggerSchema,
  manualTriggerSchema,
  rollbackTriggerSchema,
  type Trigger,
  triggerSchema,
} from '../model/trigger.ts';
import { named } from './named.ts';

const id = z.uuid().optional().describe('Names the call: one that is sent twice is done once.');
const { commit } = manualTriggerSchema.shape;
const { until, reason } = holdTriggerSchema.shape;
const { from, to } = rollbackTriggerSchema.shape;

const project = '/api/v1/projects/{app}/{job}/{tag}';

/** The calls that change something, each signed by its caller (Signature Version 4, service `execute-api`). */
export const commands = {
  build: {
    path: `${project}/builds`,
    summary: 'Builds the head of the branch, or a commit, which then is not released',
    body: z.strictObject({ id, commit }).register(named, { id: 'BuildCommand', description: 'What is to be built.' }),
  },
  hold: {
    path: `${project}/hold`,
    summary: 'Holds the releases of a project; a second call replaces the day and the reason',
    body: z
      .strictObject({ id, until, reason })
      .register(named, { id: 'HoldCommand', description: 'Until which day, and why.' }),
  },
  unhold: {
    path: `${project}/unhold`,
    summary: 'Ends the hold of a project',
    body: z.strictObject({ id, reason }).register(named, { id: 'UnholdCommand', description: 'Why.' }),
  },
  rollback: {
    path: `${project}/rollback`,
    summary: 'Moves the floating tags back to an earlier release, and holds them there',
    body: z.strictObject({ id, from, to, reason }).register(named, {
      id: 'RollbackCommand',
      description: 'The digest of the current release, and of the one to go back to.',
    }),
  },
  cancel: {
    path: '/api/v1/builds/{build}/cancel',
    summary: 'Stops a build that has not begun to set its tags',
    body: z.strictObject({ id, reason }).register(named, { id: 'CancelCommand', description: 'Why.' }),
  },
  'cancel-cascade': {
    path: '/api/v1/cascades/{cascade}/cancel',
    summary: 'Stops a cascade: no build of it begins any more, and those that have not begun to set their tags end',
    body: z.strictObject({ id, reason }).register(named, { id: 'CancelCascadeCommand', description: 'Why.' }),
  },
} as const;

export type CommandName = keyof typeof commands;
export type CommandBody<Name extends CommandName> = z.input<(typeof commands)[Name]['body']>;

export const acceptedSchema = z
  .object({
    /** The command's id, by which the record of a hold names it. */
    id: z.string(),
    /** The build that it begins, or stops. */
    build: z.string().nullable(),
  })
  .register(named, { id: 'Accepted', description: 'The command waits to be planned.' });

export type Accepted = z.infer<typeof acceptedSchema>;

/** What a command is about: a project `app/job:tag`, a build, or a cascade. */
export type Subject = { project: string } | { build: string } | { cascade: string };

interface Call {
  name: CommandName;
  subject: Subject;
  body: z.output<(typeof commands)[CommandName]['body']>;
  /** The caller's name, which AWS has proven. */
  requester: string;
  /** Identifies the call where its body has no id. */
  requestId: string;
}

/** The trigger of a command. */
export function commandTrigger({ name, subject, body, requester, requestId }: Call): Trigger {
  const { id: own = requestId, ...details } = body;
  const type = name === 'build' ? 'manual' : name;
  const because = name === 'hold' || name === 'unhold' ? 'command' : undefined;
  return triggerSchema.parse({ ...details, ...subject, type, because, requester, id: `${type}:${own}` });
}

/** What the caller learns at once. */
export function acceptedOf(trigger: Trigger): Accepted {
  const { id: named } = trigger;
  if (trigger.type === 'cancel') return { id: named, build: trigger.build };
  const begins = trigger.type === 'manual' || trigger.type === 'rollback';
  return { id: named, build: begins ? buildIdOf(named, trigger.project) : null };
}

/**
 * The caller's name in AWS: `alice` of `…:user/alice`, `root` of `…:root`. Of `…:assumed-role/Developers/alice` it is `alice (Developers)`:
 * whoever may take on a role may choose the name of the session, so that it says nothing without the role.
 */
export function callerName(arn: string): string {
  const [, role, session] = /:assumed-role\/([^/]+)\/([^/]+)$/.exec(arn) ?? [];
  const name = role && session ? `${session} (${role})` : arn.split(/[/:]/).at(-1);
  return name?.slice(0, 100) || 'unknown';
}
