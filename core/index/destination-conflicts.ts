import { destinationsOf } from '../destinations/destination.ts';
import type { Project } from '../model/project.ts';
import type { Diagnostic, IndexPosition } from './diagnostic.ts';

interface Entries {
  projects: readonly Project[];
  diagnostics: Diagnostic[];
  positions: ReadonlyMap<string, IndexPosition>;
}

/**
 * Two images with one destination would replace each other there. Neither is copied to it until only one of the two names it, so that no
 * entry can take the place of one that is there already. Entries of one image have tags of their own, and may share a destination.
 */
export function keepDestinationsApart({ projects, diagnostics, positions }: Entries): void {
  const imageOf = ({ appId, jobId }: Project) => `${appId}/${jobId}`;
  const owners = new Map<string, Set<string>>();
  for (const project of projects) {
    for (const destination of destinationsOf(project)) {
      const known = owners.get(destination);
      if (known) known.add(imageOf(project));
      else owners.set(destination, new Set([imageOf(project)]));
    }
  }
  for (const project of projects) {
    const taken = (written: string) =>
      destinationsOf({ ...project, destinations: [written] }).some((each) => (owners.get(each)?.size ?? 0) > 1);
    const conflicts = project.destinations?.filter(taken) ?? [];
    const position = positions.get(project.name);
    if (conflicts.length === 0 || !position) continue;
    project.destinations = project.destinations?.filter((written) => !taken(written));
    for (const written of destinationsOf({ ...project, destinations: conflicts })) {
      const others = [...(owners.get(written) ?? [])].filter((each) => each !== imageOf(project)).join(', ');
      const message = `"destinations": ${written} is the destination of ${others} too, and they would replace each other. Nothing is copied there until only one of them names it.`;
      diagnostics.push({ ...position, severity: 'error', code: 'value', entry: project.name, message });
    }
  }
}
