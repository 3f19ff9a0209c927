import type { ManifestPlace } from '../model/deploy-target.ts';
import { ManifestError } from '../model/errors.ts';
import { type DeployedImage, partOf } from './deployed-image.ts';
import { helmPlaces, kustomizePlaces } from './image-keys.ts';
import { composePlaces, kubernetesPlaces } from './image-names.ts';
import { followKey, shownKey } from './key-path.ts';
import {
  type Change,
  type Manifest,
  type ManifestFile,
  type Place,
  parseManifest,
  replaceValues,
} from './manifest-text.ts';
import { policyPlaces } from './policy-markers.ts';

export interface EditedFile extends ManifestFile {
  changes: Change[];
}

/**
 * The file that is meant by a folder: the first of these that exists. For the other kinds, the image is looked for in all files of the
 * folder.
 */
export const wellKnownFiles: Partial<Record<ManifestPlace['kind'], readonly string[]>> = {
  kustomize: ['kustomization.yaml', 'kustomization.yml', 'Kustomization'],
  'helm-values': ['values.yaml', 'values.yml'],
  'docker-compose': ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'],
};

/** Whether a file of a folder is read. */
export function isManifest(path: string): boolean {
  return /\.(?:ya?ml|json)$/i.test(path) || /(?:^|\/)Kustomization$/.test(path);
}

/**
 * Writes a release into manifests, and changes nothing but the values that name it. A file that has the release already stays the same text.
 * @param names what the image is called in the manifests, unless the place says it
 * @returns the files that are changed
 * @throws ManifestError which says in which file and line what is not as the place says; then nothing is to be written
 */
export function editManifests(
  files: readonly ManifestFile[],
  place: ManifestPlace,
  { image, names }: { image: DeployedImage; names: readonly string[] },
): EditedFile[] {
  // The released name is written, so the next release has to find that one too.
  const wanted = place.image === undefined ? names : [place.image, ...names];
  let found = 0;
  const edited = files.flatMap((file): EditedFile[] => {
    const [first] = files;
    const isFolder = first?.path !== place.path;
    // Most files of a folder are about something else, and need not even be YAML.
    if (isFolder && !mentions(file, place, wanted)) return [];
    const manifest = parseManifest(file);
    const places = placesIn(manifest, place, wanted, image);
    found += places.length;
    const { text, changes } = replaceValues(manifest, places);
    return changes.length === 0 ? [] : [{ path: file.path, text, changes }];
  });
  if (found === 0) throw nothingFound(files, place, wanted);
  return edited;
}

function placesIn(
  manifest: Manifest,
  { kind, key, part, policy }: ManifestPlace,
  names: readonly string[],
  image: DeployedImage,
): Place[] {
  switch (kind) {
    case 'kubernetes':
      return kubernetesPlaces(manifest, names, image);
    case 'docker-compose':
      return composePlaces(manifest, names, image);
    case 'kustomize':
      return kustomizePlaces(manifest, names, image);
    case 'helm-values':
      return helmPlaces(manifest, key ?? ['image'], image);
    case 'yaml': {
      if (policy !== undefined) return policyPlaces(manifest, policy, image);
      return [{ ...followKey(manifest, key ?? []), value: partOf(image, part ?? 'image') }];
    }
  }
}

function mentions({ text }: ManifestFile, { kind, policy }: ManifestPlace, names: readonly string[]): boolean {
  if (policy !== undefined) return text.includes(policy);
  return kind !== 'kubernetes' || names.some((name) => text.includes(name));
}

function nothingFound(files: readonly ManifestFile[], place: ManifestPlace, names: readonly string[]): ManifestError {
  const [only, second] = files;
  const where = only && !second ? `${only.path}:1` : place.path;
  const { kind, policy, key } = place;
  const what =
    policy === undefined
      ? key && kind === 'yaml'
        ? shownKey(key)
        : `image named ${names.join(' or ')}`
      : `value marked with {"$imagepolicy": "${policy}"}`;
  const hint = place.image === undefined && policy === undefined ? ' Say what it is called there with "image".' : '';
  return new ManifestError(`${where}: there is no ${what}.${hint}`);
}
