import { isMap, isScalar, isSeq, type YAMLMap } from 'yaml';
import { type DeployedImage, isNamed, pinnedImage, pinnedTag, splitHost } from './deployed-image.ts';
import { followKey, shownKey, valueAt } from './key-path.ts';
import { type Manifest, type Place, scalarText } from './manifest-text.ts';

/**
 * The values of a Helm chart: a mapping with `repository`, `tag` and `digest` (or `sha`), of which those are written that are there, or one text with
 * the whole image. https://helm.sh/docs/chart_best_practices/values/
 */
export function helmPlaces(manifest: Manifest, keys: readonly string[], image: DeployedImage): Place[] {
  const found = followKey(manifest, keys);
  if (isScalar(found.node)) return [{ ...found, value: pinnedImage(image) }];
  if (!isMap(found.node)) throw manifest.refusal(found.node.range?.[0] ?? 0, `${shownKey(keys)} is a list.`);
  const map = found.node;
  const { host, path } = splitHost(image.repository);
  // Some charts have the registry apart. https://github.com/bitnami/charts/blob/main/bitnami/common/templates/_images.tpl
  const registry = valueAt(manifest, map, 'registry');
  const digestKey = valueAt(manifest, map, 'sha') ? 'sha' : 'digest';
  // Some charts put `sha256:` in front themselves: those with `sha`, and those whose `digest` has only the hexadecimal digits.
  // https://github.com/prometheus-community/helm-charts/blob/main/charts/prometheus-node-exporter/templates/daemonset.yaml
  const isBare = digestKey === 'sha' || /^[0-9a-f]{64}$/.test(textAt(manifest, map, digestKey));
  const digest = isBare ? image.digest.replace('sha256:', '') : image.digest;
  return [
    ...placeAt(manifest, map, 'registry', host ?? ''),
    ...placeAt(manifest, map, 'repository', registry ? path : image.repository),
    ...versionPlaces(manifest, map, { tag: 'tag', digest: digestKey }, { ...image, digest }, shownKey(keys)),
  ];
}

/** `images` of a kustomization. https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/ */
export function kustomizePlaces(manifest: Manifest, names: readonly string[], image: DeployedImage): Place[] {
  const { node: images } = followKey(manifest, ['images']);
  if (!isSeq(images)) throw manifest.refusal(images.range?.[0] ?? 0, '"images" is not a list.');
  return images.items.filter(isMap).flatMap((map) => {
    const name = textAt(manifest, map, 'name');
    const newName = textAt(manifest, map, 'newName');
    if (!isNamed(name, names) && !isNamed(newName, names)) return [];
    const version = versionPlaces(manifest, map, { tag: 'newTag', digest: 'digest' }, image, `the image ${name}`);
    const renamed = placeAt(manifest, map, 'newName', image.repository);
    if (renamed.length === 0 && name !== image.repository) {
      throw manifest.refusal(
        map.range?.[0] ?? 0,
        `the image ${name} has no newName: it would be looked for where it was before. Write newName: ${image.repository}.`,
      );
    }
    return [...renamed, ...version];
  });
}

/** A digest has its own key, or follows the tag. */
function versionPlaces(
  manifest: Manifest,
  map: YAMLMap,
  keys: { tag: string; digest: string },
  image: DeployedImage,
  shown: string,
): Place[] {
  const digest = placeAt(manifest, map, keys.digest, image.digest);
  const tag = placeAt(manifest, map, keys.tag, digest.length > 0 ? image.tag : pinnedTag(image));
  if (tag.length > 0 || digest.length > 0) return [...tag, ...digest];
  throw manifest.refusal(
    map.range?.[0] ?? 0,
    `${shown} has neither ${keys.tag} nor ${keys.digest}. Write one of them, such as ${keys.tag}: "".`,
  );
}

function placeAt(manifest: Manifest, map: YAMLMap, key: string, value: string): Place[] {
  const found = valueAt(manifest, map, key);
  if (!found) return [];
  if (isScalar(found.node)) return [{ ...found, value }];
  throw manifest.refusal(found.node.range?.[0] ?? 0, `"${key}" is not written out here as one text.`);
}

function textAt(manifest: Manifest, map: YAMLMap, key: string): string {
  const node = valueAt(manifest, map, key)?.node;
  return isScalar(node) ? scalarText(node) : '';
}
