import { personName } from '../builds/describe-build.ts';
import type { Exception } from '../model/exception.ts';
import { isAccepting, type VexStatement } from '../model/vex.ts';
import { statementsOn } from './vex-match.ts';
import type { Waivable } from './waivable.ts';

/** What the index waives of one project's findings, each until a day. */
export interface Waivers {
  exceptions?: readonly Exception[] | undefined;
  /** The newest first: of those that say something of one finding, the first counts. */
  vex?: readonly VexStatement[] | undefined;
}

/** An exception or a VEX statement that accepts a finding, until its day has ended. */
export interface Waiver {
  id: string;
  /** `the exception of shop team`, `the statement of vex/openssl.json` */
  by: string;
  /** Why, as the index has it. */
  reason: string;
  /** The last day on which it counts. */
  expires: string;
}

/** What the waivers say of one finding. */
export interface Waived {
  accepted?: Waiver;
  /** What accepted it until its day had ended. */
  ended?: Waiver;
}

/**
 * The waiver of each finding. An exception waives whatever its status; a VEX statement does by two of its four statuses alone. Looking one
 * up takes the same time however many waivers there are.
 * @param day `2026-11-21`; what ends with this day counts still
 */
export function waiversOn({ exceptions = [], vex = [] }: Waivers, day: string): (finding: Waivable) => Waived {
  const owners = new Map<string, string>();
  const excepted = new Scoped<Waiver>();
  for (const { id, package: name, owner, reason, expires } of exceptions) {
    const known = excepted.get(id, name);
    // Of two for one finding, the one that lasts longer.
    if (known && known.expires >= expires) continue;
    const by = owners.get(owner) ?? `the exception of ${ownerName(owner)}`;
    owners.set(owner, by);
    excepted.set(id, name, { id, by, reason, expires });
  }
  const statementOn = statementsOn(vex);
  const stated = new Map(vex.map((statement) => [statement, waiverBy(statement)]));
  if (exceptions.length + vex.length === 0) return () => nothing;

  return (finding) => {
    let exception: Waiver | undefined;
    excepted.forEach(finding, (found) => {
      if (found.expires > (exception?.expires ?? '')) exception = found;
    });
    const statement = statementOn(finding);
    return counting(exception, statement && stated.get(statement), day);
  };
}

/** None by a statement that does not accept. */
function waiverBy({ ids: [id = ''], status, justification, file, expires }: VexStatement): Waiver | undefined {
  if (!isAccepting(status)) return undefined;
  return { id, by: `the statement of ${file}`, reason: (justification ?? status).replaceAll('_', ' '), expires };
}

const nothing: Waived = {};

/** Of an exception and a statement the one that counts on that day. */
function counting(exception: Waiver | undefined, stated: Waiver | undefined, day: string): Waived {
  if (exception && exception.expires >= day) return { accepted: exception };
  if (stated && stated.expires >= day) return { accepted: stated };
  const ended = !exception || (stated && stated.expires > exception.expires) ? stated : exception;
  return ended ? { ended } : nothing;
}

/** The pages are public: an owner's mail address is nothing for them. */
function ownerName(owner: string): string {
  return personName(owner) || 'its owner';
}

/** What is said of findings, by id, and there of all packages or of one. */
class Scoped<Value> {
  readonly #byId = new Map<string, Said<Value>>();

  get(id: string, name: string | undefined): Value | undefined {
    const said = this.#byId.get(id);
    return said && (name === undefined ? said.whole : ofPackage(said, name));
  }

  set(id: string, name: string | undefined, value: Value): void {
    const said = this.#byId.get(id);
    if (!said) this.#byId.set(id, name === undefined ? { whole: value } : { name, value });
    else if (name === undefined) said.whole = value;
    else if (said.name === undefined || said.name === name) Object.assign(said, { name, value });
    else {
      said.others ??= new Map();
      said.others.set(name, value);
    }
  }

  /** All that is said of one finding. */
  forEach({ ids, package: name }: Waivable, look: (value: Value) => void): void {
    for (const id of ids) {
      const said = this.#byId.get(id);
      if (!said) continue;
      if (said.whole !== undefined) look(said.whole);
      const value = name === undefined ? undefined : ofPackage(said, name);
      if (value !== undefined) look(value);
    }
  }
}

/** Most findings have a waiver for one package at most: ten thousand maps with one entry each take longer than all else. */
interface Said<Value> {
  whole?: Value;
  name?: string;
  value?: Value;
  others?: Map<string, Value>;
}

function ofPackage<Value>({ name, value, others }: Said<Value>, wanted: string): Value | undefined {
  return name === wanted ? value : others?.get(wanted);
}
