import type { Project } from '../model/project.ts';
import { mayBuildOn } from '../visibility/may-build-on.ts';
import type { Diagnostic, IndexPosition } from './diagnostic.ts';

interface Entries {
  projects: Project[];
  diagnostics: Diagnostic[];
  brokenFiles: Set<string>;
  positions: Map<string, IndexPosition>;
}

/**
 * Takes out the entries by which others would see what is private: those that build on a private image and are public or of another
 * app-id, and those that are public under the name of a private image. Their projects stay as they were known.
 */
export function keepPrivateApart(index: Entries): void {
  const known = new Map(index.projects.map((project) => [project.name, project]));
  const imageOf = ({ appId, jobId }: Project) => `${appId}/${jobId}`;
  const privateImages = new Map(index.projects.filter(isPrivate).map((project) => [imageOf(project), project.name]));

  function reasonAgainst(project: Project): string | undefined {
    const sibling = privateImages.get(imageOf(project));
    if (sibling !== undefined && !isPrivate(project))
      return `${sibling} is private, and this entry releases to the same image. Write "visibility: private" here too, or give one of the two another job-id.`;
    const parents = project.dependsOn.flatMap((name) => known.get(name) ?? []);
    const parent = parents.find((each) => !mayBuildOn(project, each));
    if (parent === undefined) return undefined;
    return parent.appId === project.appId
      ? `"depends-on": ${parent.name} is private, and this image would show what is in it. Write "visibility: private" here too.`
      : `"depends-on": ${parent.name} is private, and only entries of its app-id may build on it. Ask its owners for a public image.`;
  }

  const refused = new Map(
    index.projects.flatMap((project) => {
      const reason = reasonAgainst(project);
      return reason === undefined ? [] : [[project.name, reason] as const];
    }),
  );
  for (const [name, message] of refused) {
    const position = index.positions.get(name);
    if (position) {
      index.diagnostics.push({ ...position, severity: 'error', code: 'visibility', entry: name, message });
      index.brokenFiles.add(position.file);
    }
    index.positions.delete(name);
  }
  index.projects = index.projects.filter(({ name }) => !refused.has(name));
}

const isPrivate = ({ visibility }: Project): boolean => visibility === 'private';
