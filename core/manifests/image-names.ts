import { type Document, isAlias, isMap, isScalar, type Node, visit } from 'yaml';
import { quoted } from '../text/visible.ts';
import { type DeployedImage, isNamed, pinnedImage } from './deployed-image.ts';
import { valueAt } from './key-path.ts';
import { type Manifest, type Place, scalarText } from './manifest-text.ts';

/**
 * Kubernetes manifests: every `image` whose value names the image, whatever the resource, so that those of operators are found too
 * (`Rollout`, Knative, Tekton).
 */
export function kubernetesPlaces(manifest: Manifest, names: readonly string[], image: DeployedImage): Place[] {
  const places: Place[] = [];
  for (const document of manifest.documents) {
    visit(document, {
      Pair(_, pair) {
        if (isScalar(pair.key) && scalarText(pair.key) === 'image') {
          places.push(...placesNamed(document, pair.value as Node, names, image));
        }
      },
    });
  }
  return places;
}

/**
 * A compose file: `services.*.image`, and `image` in an extension that services take it from by a merge key.
 * https://github.com/compose-spec/compose-spec/blob/main/05-services.md#image
 */
export function composePlaces(manifest: Manifest, names: readonly string[], image: DeployedImage): Place[] {
  return manifest.documents.flatMap((document) => {
    const root = document.contents;
    const services = isMap(root) ? valueAt(manifest, root, 'services')?.node : undefined;
    if (!isMap(root) || !isMap(services)) {
      throw manifest.refusal(root?.range[0] ?? 0, 'this is not a compose file: there is no mapping "services".');
    }
    const extensions = root.items.filter(({ key }) => isScalar(key) && scalarText(key).startsWith('x-'));
    return [...extensions, ...services.items].flatMap(({ value: service }) => {
      const found = isMap(service) ? valueAt(manifest, service, 'image')?.node : undefined;
      if (!found) return [];
      refuseVariable(manifest, found, names);
      return placesNamed(document, found, names, image);
    });
  });
}

function refuseVariable(manifest: Manifest, node: Node, names: readonly string[]): void {
  const text = isScalar(node) ? scalarText(node) : '';
  if (!/\$\{?\w/.test(text) || !names.some((name) => text.includes(name))) return;
  throw manifest.refusal(
    node.range?.[0] ?? 0,
    `the image ${quoted(text)} has a variable in it, which Compose fills in from elsewhere. Write the image out.`,
  );
}

/** An alias is followed to the value that it refers to: every other use of that value names the same image. */
function placesNamed(document: Document, value: Node, names: readonly string[], image: DeployedImage): Place[] {
  const node = isAlias(value) ? value.resolve(document) : value;
  return isScalar(node) && isNamed(scalarText(node), names) ? [{ node, value: pinnedImage(image) }] : [];
}
