import { isScalar, visit } from 'yaml';
import * as z from 'zod';
import { type DeployedImage, partOf } from './deployed-image.ts';
import type { Manifest, Place } from './manifest-text.ts';

const markerSchema = z.object({ $imagepolicy: z.string() });

/**
 * The values that a comment behind them marks for Flux's image automation, `# {"$imagepolicy": "flux-system:app:tag"}`: with what follows
 * the policy's name, `name`, `tag` or `digest`, that part of the image, else the whole.
 * https://fluxcd.io/flux/guides/image-update/#configure-image-update-for-custom-resources
 */
export function policyPlaces(manifest: Manifest, policy: string, image: DeployedImage): Place[] {
  const places: Place[] = [];
  for (const document of manifest.documents) {
    visit(document, {
      Scalar(key, node) {
        const marker = key === 'key' ? undefined : markerOf(node.comment);
        if (marker === undefined || !isScalar(node)) return;
        const [namespace = '', name = '', part, ...rest] = marker.split(':');
        if (`${namespace}:${name}` !== policy) return;
        if (rest.length > 0 || (part !== undefined && part !== 'name' && part !== 'tag' && part !== 'digest')) {
          throw manifest.refusal(
            node.range?.[0] ?? 0,
            `the marker ${marker} ends with none of :name, :tag and :digest.`,
          );
        }
        places.push({ node, value: partOf(image, part ?? 'image') });
      },
    });
  }
  return places;
}

function markerOf(comment: string | null | undefined): string | undefined {
  const [json] = /\{.*\}/.exec(comment ?? '') ?? [];
  if (json === undefined || !json.includes('"$imagepolicy"')) return undefined;
  try {
    return markerSchema.safeParse(JSON.parse(json)).data?.$imagepolicy;
  } catch {
    // A comment of another kind.
    return undefined;
  }
}
