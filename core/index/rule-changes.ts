import type { Exception } from '../model/exception.ts';
import type { OwnPolicy } from '../model/policy.ts';
import type { Project } from '../model/project.ts';
import { code } from '../text/markdown.ts';
import type { IndexChange } from './change.ts';

/** The changes of policies and exceptions, in Markdown. */

const mostShown = 20;

/** `max-severity: MEDIUM → HIGH` for each key that differs. */
export function policyChanges({ before, after }: NonNullable<IndexChange['policy']>): string[] {
  const [old, young] = [writtenPolicy(before), writtenPolicy(after)];
  const keys = [...new Set([...old.keys(), ...young.keys()])].filter((key) => old.get(key) !== young.get(key));
  const value = (text: string | undefined) => (text ? code(text) : 'nothing');
  return keys.map((key) => `${key}: ${value(old.get(key))} → ${value(young.get(key))}`);
}

function writtenPolicy(policy: OwnPolicy | undefined): ReadonlyMap<string, string> {
  const { maxSeverity, maxUnfixableSeverity, unscannable, unsigned, scanners = {}, frontends } = policy ?? {};
  const named = {
    'max-severity': maxSeverity,
    'max-unfixable-severity': maxUnfixableSeverity,
    unscannable,
    unsigned,
    ...scanners,
    frontends: frontends?.join(', '),
  };
  return new Map(Object.entries(named).flatMap(([key, value]) => (value ? [[key, value]] : [])));
}

/** The exceptions that an entry gets and loses. */
export function exceptionChanges({ exceptions: before = [] }: Project, { exceptions: after = [] }: Project): string {
  const describe = ({ id, package: name, expires }: Exception) => `${id}${name ? ` in ${name}` : ''} until ${expires}`;
  const [old, young] = [new Set(before.map(describe)), new Set(after.map(describe))];
  const added = [...young].filter((each) => !old.has(each)).map((each) => `new: ${code(each)}`);
  const gone = [...old].filter((each) => !young.has(each)).map((each) => `gone: ${code(each)}`);
  const all = [...added, ...gone];
  const shown = all.slice(0, mostShown).join(', ');
  return all.length > mostShown ? `${shown} and ${all.length - mostShown} more` : shown || 'their reasons';
}
