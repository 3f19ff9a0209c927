import { editManifests, isManifest, wellKnownFiles } from '../../core/manifests/edit-manifests.ts';
import { type ManifestFile, manifestText } from '../../core/manifests/manifest-text.ts';
import type { ManifestTarget } from '../../core/model/deploy-target.ts';
import { ManifestError } from '../../core/model/errors.ts';
import { parseProjectName } from '../../core/model/project-name.ts';
import type { TargetState } from '../../core/targets/target-state.ts';
import { filesAt } from '../../services/git-host/git-files.ts';
import type { GitRepository } from '../../services/git-host/git-repository.ts';

/** A target of an entry, and the release that it is to have. */
export interface Job {
  target: ManifestTarget;
  state: TargetState;
}

/** Whose entry the target is of. */
export function appIdOf({ state }: Job): string {
  return parseProjectName(state.project).appId;
}

export interface Edits {
  /** The new contents of the files that change. */
  contents: Map<string, Buffer>;
  /** Why nothing can be written for a target, by its name. */
  errors: Map<string, ManifestError>;
}

/** Writes the releases of several targets into the manifests of one commit. A target that cannot be written keeps none of the others back. */
export async function editTargets(repository: GitRepository, commit: string, jobs: readonly Job[]): Promise<Edits> {
  const files = filesAt(repository, commit);
  const contents: Edits['contents'] = new Map();
  const errors: Edits['errors'] = new Map();

  async function filesOf({ path, kind }: ManifestTarget): Promise<ManifestFile[]> {
    const found = await files.find(path, isManifest);
    if (!found) throw new ManifestError(`${path}: there is no such file or folder.`);
    const names = wellKnownFiles[kind];
    const named = names?.map((name) => (path === '.' ? name : `${path}/${name}`));
    const wanted =
      found.isFolder && named
        ? [named.map((name) => found.files.find((file) => file.path === name)).find((file) => file)].filter(
            (file) => file !== undefined,
          )
        : found.files;
    if (wanted.length === 0)
      throw new ManifestError(`${path}: there is no ${(names ?? ['manifest (*.yaml)']).join(' or ')} in this folder.`);
    const bytes = await files.read(wanted);
    return wanted.map((file, index) => ({
      path: file.path,
      text: manifestText(file.path, contents.get(file.path) ?? bytes[index] ?? Buffer.alloc(0)),
    }));
  }

  for (const { target, state } of jobs) {
    const { appId, jobId } = parseProjectName(state.project);
    const { wanted } = state;
    const names = [...new Set([wanted.repository.slice(wanted.repository.indexOf('/') + 1), `${appId}/${jobId}`])];
    try {
      const edited = editManifests(await filesOf(target), target, { image: wanted, names });
      for (const { path, text } of edited) contents.set(path, Buffer.from(text));
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      errors.set(target.name, error);
    }
  }
  return { contents, errors };
}
