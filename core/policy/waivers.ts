import { personName } from '../builds/describe-build.ts';
import type { Exception } from '../model/exception.ts';
import { isAccepting, type VexStatement } from '../model/vex.ts';
import { statementsOn } from './vex-match.ts';
import type { Waivable } from './waivable.ts';

/** The waivers that the index has for one project's findings, each until a day. */
export interface Waivers {
  exceptions?: readonly Exception[] | undefined;
  /** The newest first: of several about one finding, the first counts. */
  vex?: readonly VexStatement[] | undefined;
}

/** An exception or a VEX statement that accepts a finding until it expires. */
export interface Waiver {
  id: string;
  /** `the exception of shop team`, `the statement of vex/openssl.json` */
  by: string;
  /** Why, as the index has it. */
  reason: string;
  /** The last day on which it counts. */
  expires: string;
}

/** The waiver of one finding, if it has one. */
export interface Waived {
  accepted?: Waiver;
  /** The waiver that accepted it until it expired. */
  ended?: Waiver;
}

/**
 * Finds the waiver of each finding. An exception waives whatever its status is; a VEX statement does so only with two of its four statuses.
 * A lookup takes the same time however many waivers there are.
 * @param day `2026-11-21`; a waiver that expires on this day still counts
 */
export function waiversOn({ exceptions = [], vex = [] }: Waivers, day: string): (finding: Waivable) => Waived {
  const owners = new Map<string, string>();
  const excepted = new Scoped<Waiver>();
  for (const { id, package: name, owner, reason, expires } of exceptions) {
    const known = excepted.get(id, name);
    // Of two for one finding, the one that lasts longer counts.
    if (known && known.expires >= expires) continue;
    const by = owners.get(owner) ?? `the exception of ${ownerName(owner)}`;
    owners.set(owner, by);
    excepted.set(id, name, { id, by, reason, expires });
  }
  const statementOn = statementsOn(vex);
  const waiverOfStatement = new Map(vex.map((statement) => [statement, waiverBy(statement)]));
  if (exceptions.length + vex.length === 0) return () => nothing;

  return (finding) => {
    let exception: Waiver | undefined;
    excepted.forEach(finding, (found) => {
      if (found.expires > (exception?.expires ?? '')) exception = found;
    });
    const statement = statementOn(finding);
    return counting(exception, statement && waiverOfStatement.get(statement), day);
  };
}

/** Undefined for a statement that does not accept. */
function waiverBy({ ids: [id = ''], status, justification, file, expires }: VexStatement): Waiver | undefined {
  if (!isAccepting(status)) return undefined;
  return { id, by: `the statement of ${file}`, reason: (justification ?? status).replaceAll('_', ' '), expires };
}

const nothing: Waived = {};

/** The one that counts on that day: an exception comes before a statement. */
function counting(exception: Waiver | undefined, stated: Waiver | undefined, day: string): Waived {
  if (exception && exception.expires >= day) return { accepted: exception };
  if (stated && stated.expires >= day) return { accepted: stated };
  const ended = !exception || (stated && stated.expires > exception.expires) ? stated : exception;
  return ended ? { ended } : nothing;
}

/** Without a mail address, because the pages that show it are public. */
function ownerName(owner: string): string {
  return personName(owner) || 'its owner';
}

/** Values for findings, by id, each for all packages or for one. */
class Scoped<Value> {
  readonly #byId = new Map<string, ValuesOfId<Value>>();

  get(id: string, name: string | undefined): Value | undefined {
    const values = this.#byId.get(id);
    return values && (name === undefined ? values.whole : ofPackage(values, name));
  }

  set(id: string, name: string | undefined, value: Value): void {
    const values = this.#byId.get(id);
    if (!values) this.#byId.set(id, name === undefined ? { whole: value } : { name, value });
    else if (name === undefined) values.whole = value;
    else if (values.name === undefined || values.name === name) Object.assign(values, { name, value });
    else {
      values.others ??= new Map();
      values.others.set(name, value);
    }
  }

  /** Calls `visit` with each value for one finding. */
  forEach({ ids, package: name }: Waivable, visit: (value: Value) => void): void {
    for (const id of ids) {
      const values = this.#byId.get(id);
      if (!values) continue;
      if (values.whole !== undefined) visit(values.whole);
      const value = name === undefined ? undefined : ofPackage(values, name);
      if (value !== undefined) visit(value);
    }
  }
}

/** Most ids have a waiver for one package at most, which needs no map: ten thousand maps of one entry would take longer than all the rest. */
interface ValuesOfId<Value> {
  whole?: Value;
  name?: string;
  value?: Value;
  others?: Map<string, Value>;
}

function ofPackage<Value>({ name, value, others }: ValuesOfId<Value>, wanted: string): Value | undefined {
  return name === wanted ? value : others?.get(wanted);
}
