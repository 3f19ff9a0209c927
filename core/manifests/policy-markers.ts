import { isScalar, type Scalar, visit } from 'yaml';
import * as z from 'zod';
import { type DeployedImage, partOf } from './deployed-image.ts';
import type { Manifest, Place } from './manifest-text.ts';

/** https://github.com/kubernetes-sigs/kustomize/blob/kyaml/v0.21.1/kyaml/fieldmeta/fieldmeta.go */
const markerSchema = z.record(z.string(), z.string());

/**
 * The values that a comment marks for Flux's image automation, `# {"$imagepolicy": "flux-system:app:tag"}`: behind the value or, if the
 * value has a line of its own, above it. `name`, `tag` or `digest` after the policy's name means that part of the image; without one the
 * value is the whole image. https://fluxcd.io/flux/guides/image-update/#configure-image-update-for-custom-resources
 */
export function policyPlaces(manifest: Manifest, policy: string, image: DeployedImage): Place[] {
  const places: Place[] = [];
  for (const document of manifest.documents) {
    visit(document, {
      Scalar(key, node) {
        const marker = key === 'key' ? undefined : markerOf(node.comment ?? commentAbove(manifest, node));
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

/** The one line of comment above a value that has a line of its own, except for the dash of a list. */
function commentAbove({ text }: Manifest, { range }: Scalar): string | undefined {
  const start = range?.[0] ?? 0;
  const own = text.lastIndexOf('\n', start - 1) + 1;
  if (own === 0 || !/^[\s-]*$/.test(text.slice(own, start))) return undefined;
  const [line = '', before = ''] = text.slice(0, own).trimEnd().slice(-2000).split('\n').toReversed();
  return /^\s*#/.test(before) ? undefined : /^[\s-]*#(.*)$/.exec(line)?.[1];
}

/** The comment is nothing but the marker: Flux takes no notice of any other. */
function markerOf(comment: string | null | undefined): string | undefined {
  if (!comment?.includes('"$imagepolicy"')) return undefined;
  try {
    return markerSchema.safeParse(JSON.parse(comment.replace(/^#+/, ''))).data?.$imagepolicy;
  } catch {
    // A comment of another kind.
    return undefined;
  }
}
