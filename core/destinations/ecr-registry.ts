/** A registry of Amazon ECR outside of the stack's own, which gives tokens to roles instead of taking a password. */
export type EcrRegistry = { kind: 'private'; region: string } | { kind: 'public' };

/** ECR Public has its API in one region. https://docs.aws.amazon.com/general/latest/gr/ecr-public.html */
export const ecrPublicRegion = 'us-east-1';

/** Undefined if a registry's host is none of ECR's. https://docs.aws.amazon.com/general/latest/gr/ecr.html */
export function ecrRegistryOf(host: string): EcrRegistry | undefined {
  if (host === 'public.ecr.aws') return { kind: 'public' };
  const [, region] =
    /^\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:amazonaws\.com(?:\.cn)?|on\.(?:aws|amazonwebservices\.com\.cn))$/.exec(
      host,
    ) ?? [];
  return region === undefined ? undefined : { kind: 'private', region };
}
