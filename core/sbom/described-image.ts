import { purlText } from './purl.ts';

/** The image that an SBOM describes. */
export interface DescribedImage {
  /** The repository that it is released to, with the registry's host. */
  repository: string;
  digest: string;
  /** `amd64` */
  architecture: string;
  /** The time of the commit, which is also the image's: the same image gets the same SBOM whenever that is generated. */
  createdAt: Date;
}

/** How the documents name the image. https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md */
export function namesOf({ repository, digest, architecture, createdAt }: DescribedImage) {
  const name = repository.slice(repository.indexOf('/') + 1);
  const last = name.slice(name.lastIndexOf('/') + 1);
  const qualifiers = { arch: architecture, repository_url: repository };
  return {
    name,
    checksum: digest.slice(digest.indexOf(':') + 1),
    purl: purlText({ type: 'oci', name: last, version: digest, qualifiers }),
    created: createdAt.toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}
