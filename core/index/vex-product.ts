import type { Purl } from '../model/purl.ts';
import { isOfDistribution, parsePurl } from '../sbom/purl.ts';
import type { OpenVexProduct } from './openvex-schema.ts';

/** What a product of a VEX statement means in the index. */
export type NamedProduct =
  | {
      kind: 'project';
      /** `app/job` */
      image: string;
      /** All tags of the image where absent. */
      tag?: string | undefined;
    }
  /** One image by its digest: no statement on what will be built. */
  | { kind: 'digest' }
  /** An image by its name alone, which could be anybody's. */
  | { kind: 'anybody' }
  | { kind: 'other' };

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
  const address = purl.qualifiers?.repository_url;
  if (!address) return { kind: 'anybody' };
  const path = address.replace(/^[a-z]+:\/\//i, '').split('/');
  const [app, job] = path.slice(-2);
  // The first part is the registry.
  if (path.length < 2 || !app || !job || job.toLowerCase() !== purl.name.toLowerCase()) return { kind: 'other' };
  const tag = purl.qualifiers?.tag;
  const image = path.length === 2 ? `library/${job}` : `${app}/${job}`;
  return { kind: 'project', image: image.toLowerCase(), tag };
}

/**
 * The packages that a statement is about; undefined where it is about the whole image. A subcomponent without a package URL cannot be found
 * in an image: a statement that accepts ignores it, and any other counts for the whole image.
 */
export function packagesOf({ subcomponents = [] }: OpenVexProduct, isAccepting: boolean): Purl[] | undefined {
  if (subcomponents.length === 0) return undefined;
  const purls = subcomponents.flatMap(({ '@id': id, identifiers }) => {
    const [purl] = [identifiers?.purl, id].flatMap((text) => (text && parsePurl(text)) || []);
    return purl ?? [];
  });
  return isAccepting || purls.length === subcomponents.length ? purls : undefined;
}

/** The qualifiers that scanners report for packages. */
const knownQualifiers: readonly string[] = ['arch', 'distro', 'epoch'];

/** Why no finding can be matched to this package with certainty; undefined where it can. */
export function doubtOf(purl: Purl): string | undefined {
  const { type, namespace, qualifiers = {}, subpath } = purl;
  if (isOfDistribution(purl) && !namespace) {
    return `It does not say whose package it is: write "pkg:${type}/DISTRIBUTION/NAME".`;
  }
  const unknown = Object.keys(qualifiers).find((key) => !knownQualifiers.includes(key));
  if (unknown) return `No scanner says the qualifier "${unknown}" of a package: leave it out.`;
  return subpath
    ? 'No scanner says which part of a package has a vulnerability: leave out what follows "#".'
    : undefined;
}
