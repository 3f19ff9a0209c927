import type { Exception } from './exceptions.ts';
import type { VexStatement } from './vex.ts';

/** What the index has decided of findings of one project until a day. */
export interface Decisions {
  exceptions?: readonly Exception[] | undefined;
  /** The newest first: of those that say something of one finding, the first counts. */
  vex?: readonly VexStatement[] | undefined;
}

/** A finding as decisions name it: by any of its ids, and by its package where it has one. */
export interface Subject {
  ids: readonly string[];
  package?: string | undefined;
  installed?: string | undefined;
}

/** An exception or a statement that accepts a finding, until its day has ended. */
export interface Acceptance {
  id: string;
  /** `the exception of shop team`, `the statement of vex/openssl.json` */
  by: string;
  /** Why, as the index has it. */
  reason: string;
  /** The last day on which it counts. */
  expires: string;
}

export interface Standing {
  accepted?: Acceptance;
  /** What accepted it until its day had ended. */
  ended?: Acceptance;
}

/** An exception is a decision, whatever status it has; a statement accepts only by these. */
const acceptingStatuses: readonly VexStatement['status'][] = ['not_affected', 'fixed'];

/**
 * Where each finding stands with what the index has decided. Looking one up takes the same time however many decisions there are.
 * @param day `2026-11-21`; what ends with this day counts still
 */
export function acceptances({ exceptions = [], vex = [] }: Decisions, day: string): (subject: Subject) => Standing {
  const excepted = new Map<string, Acceptance>();
  for (const { id, package: name, owner, reason, expires } of exceptions) {
    const key = keyOf(id, name);
    // Of two for one finding, the one that lasts longer.
    if ((excepted.get(key)?.expires ?? '') >= expires) continue;
    excepted.set(key, { id, by: `the exception of ${owner}`, reason, expires });
  }
  const stated = new Map<string, { order: number; acceptance: Acceptance | undefined }>();
  for (const [order, { ids, packages = [undefined], status, justification, file, expires }] of vex.entries()) {
    const [id = ''] = ids;
    const acceptance = acceptingStatuses.includes(status)
      ? { id, by: `the statement of ${file}`, reason: (justification ?? status).replaceAll('_', ' '), expires }
      : undefined;
    for (const each of ids) {
      for (const name of packages) {
        const key = keyOf(each, name);
        if (!stated.has(key)) stated.set(key, { order, acceptance });
      }
    }
  }
  if (excepted.size + stated.size === 0) return () => ({});

  return ({ ids, package: name, installed }) => {
    const scopes = name === undefined ? [undefined] : [undefined, name, `${name}@${installed}`];
    const keys = ids.flatMap((id) => scopes.map((scope) => keyOf(id, scope)));
    let exception: Acceptance | undefined;
    let statement: { order: number; acceptance: Acceptance | undefined } | undefined;
    for (const key of keys) {
      const found = excepted.get(key);
      if (found && found.expires > (exception?.expires ?? '')) exception = found;
      const said = stated.get(key);
      if (said && said.order < (statement?.order ?? Infinity)) statement = said;
    }
    const known = [exception, statement?.acceptance].filter((each) => each !== undefined);
    const accepted = known.find(({ expires }) => expires >= day);
    if (accepted) return { accepted };
    const ended = known.toSorted((one, other) => (one.expires < other.expires ? 1 : -1))[0];
    return ended ? { ended } : {};
  };
}

const keyOf = (id: string, name: string | undefined) => `${id}\n${name ?? ''}`;
