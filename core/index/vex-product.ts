import { packageNameOf, packageVersionOf, parsePurl } from '../sbom/purl.ts';
import { shownSchema } from '../text/safe-line.ts';
import type { OpenVexProduct } from './openvex-schema.ts';

/** What a product of a VEX statement is to the index. */
export type NamedProduct =
  | {
      kind: 'project';
      /** `app/job` */
      image: string;
      /** All of the image's where it is absent. */
      tag?: string | undefined;
    }
  /** One image by its digest: no statement on what will be built. */
  | { kind: 'digest' }
  /** An image by its name alone, which could be anybody's. */
  | { kind: 'anybody' }
  | { kind: 'other' };

const packageSchema = shownSchema(200);
const imageName =
  /^([a-z0-9]+(?:[._-][a-z0-9]+)*\/[a-z0-9]+(?:[._-][a-z0-9]+)*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?$/;

/**
 * A product names a project as the index does, `app/job` or `app/job:tag`, or by the package URL of its image: the last two parts of
 * `repository_url` are app and job, whatever the registry and the prefix before them. A package URL without it could be anybody's image
 * of that name. https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
 */
export function namedProduct({ '@id': id, identifiers }: OpenVexProduct): NamedProduct {
  const named = [id, identifiers?.purl].filter((each) => each !== undefined).map(productOf);
  const order = ['project', 'digest', 'anybody', 'other'];
  const [best] = named.sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
  return best ?? { kind: 'other' };
}

function productOf(text: string): NamedProduct {
  const purl = parsePurl(text);
  if (!purl) {
    const [, image, tag] = imageName.exec(text) ?? [];
    return image ? { kind: 'project', image, tag } : { kind: 'other' };
  }
  if (purl.type !== 'oci') return { kind: 'other' };
  if (purl.version) return { kind: 'digest' };
  const address = purl.qualifiers.get('repository_url');
  if (!address) return { kind: 'anybody' };
  const path = address.replace(/^[a-z]+:\/\//i, '').split('/');
  const [app, job] = path.slice(-2);
  // The first part is the registry.
  if (path.length < 2 || !app || !job || job.toLowerCase() !== purl.name.toLowerCase()) return { kind: 'other' };
  const tag = purl.qualifiers.get('tag');
  const image = path.length === 2 ? `library/${job}` : `${app}/${job}`;
  return { kind: 'project', image: image.toLowerCase(), tag };
}

/**
 * The packages that a statement is about, with `@version` where it names one. Undefined where it is about all of the image. A part without a
 * package URL nobody could find in it: a statement that accepts something is not about it, and one that does not may be about anything.
 */
export function packagesOf({ subcomponents = [] }: OpenVexProduct, isAccepting: boolean): string[] | undefined {
  if (subcomponents.length === 0) return undefined;
  const names = subcomponents.flatMap(({ '@id': id, identifiers }) => {
    const purl = [identifiers?.purl, id].flatMap((text) => (text ? (parsePurl(text) ?? []) : [])).at(0);
    if (!purl) return [];
    const version = packageVersionOf(purl);
    const name = `${packageNameOf(purl)}${version ? `@${version}` : ''}`;
    // Percent signs can hide what no package is called.
    return packageSchema.safeParse(name).success ? [name] : [];
  });
  return isAccepting || names.length === subcomponents.length ? names : undefined;
}
