import { type Platform, platforms } from '../model/platform.ts';
import type { Project } from '../model/project.ts';
import { platformsToBuild } from '../platforms/platforms-to-build.ts';
import type { Diagnostic, IndexPosition } from './diagnostic.ts';

interface Entries {
  projects: Project[];
  diagnostics: Diagnostic[];
}

/**
 * Warns of entries that are built for a platform which a parent is not built for.
 * @param own the pipeline's own platform; where it is not known, only what holds with any is reported
 */
export function warnOfParentPlatforms(
  { projects, diagnostics }: Entries,
  { parentsAt, own }: { parentsAt: ReadonlyMap<string, IndexPosition>; own: Platform | undefined },
): void {
  const known = new Map(projects.map((project) => [project.name, project]));
  const possible = own ? [own] : platforms;
  for (const project of projects) {
    const position = parentsAt.get(project.name);
    if (!position) continue;
    for (const parent of project.dependsOn.flatMap((name) => known.get(name) ?? [])) {
      if (!possible.every((each) => lacksPlatform(parent, project, each))) continue;
      const message = `"depends-on": ${parent.name} is built for ${wantedBy(parent)} alone, and this entry for ${wantedBy(project)}: an image that builds on it fails. Write the same "platforms" in both, or leave out here what the parent leaves out.`;
      diagnostics.push({ ...position, severity: 'warning', code: 'platforms', entry: project.name, message });
    }
  }
}

function lacksPlatform(parent: Project, project: Project, own: Platform): boolean {
  const builtFor = (each: Project) => platformsToBuild(each.platforms, own) ?? [own];
  return builtFor(project).some((platform) => !builtFor(parent).includes(platform));
}

function wantedBy({ platforms: wanted }: Project): string {
  return wanted?.join(' and ') ?? "the pipeline's own platform";
}
