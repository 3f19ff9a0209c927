import type { Trigger } from '../model/trigger.ts';

/** What a trigger is about, in a few words: its repository, project, image or build. */
export function subjectOf(trigger: Trigger): string {
  if ('number' in trigger) return `${trigger.source}#${trigger.number}`;
  if ('source' in trigger) return trigger.source;
  if ('project' in trigger) return trigger.project;
  if ('build' in trigger) return trigger.build;
  if ('cascade' in trigger) return trigger.cascade;
  const [first, ...others] = trigger.bases.map(({ image }) => image);
  return others.length > 0 ? `${first} and ${others.length} more` : (first ?? '');
}
