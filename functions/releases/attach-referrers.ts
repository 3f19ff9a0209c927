import { basename } from 'node:path';
import { recordKeys, type SbomFormat, sbomFormats } from '../../core/model/builder-contract.ts';
import { RecordConflictError } from '../../core/model/errors.ts';
import type { Policy, Response } from '../../core/model/policy.ts';
import { bundleType } from '../../core/signing/bundle.ts';
import { requiredStatements, type StatementName, statementNames, statements } from '../../core/signing/statement.ts';
import type { Sboms } from '../../services/records/sboms.ts';
import type { Signatures } from '../../services/records/signatures.ts';
import type { Referrer } from '../../services/registry/referrer.ts';
import { ReferrerRefusedError, type Registry } from '../../services/registry/registry.ts';

interface Services {
  sboms: Pick<Sboms, 'read'>;
  signatures: Pick<Signatures, 'read'>;
}

interface ReleasedImage {
  registry: Pick<Registry, 'attach'>;
  repository: string;
  digest: string;
  policy: Policy | undefined;
}

/**
 * Puts beside a released image what was made for it: the SBOMs, the signature and the signed statements. Referrers of others stay as they
 * are.
 */
export function createAttachReferrers({ sboms, signatures }: Services) {
  async function sbomOf(recordedAs: string, format: SbomFormat): Promise<Referrer | undefined> {
    const bytes = await sboms.read(recordedAs, format);
    return bytes && { type: sbomFormats[format], name: basename(recordKeys[format](recordedAs)), bytes };
  }

  async function bundleOf(recordedAs: string, name: StatementName): Promise<Referrer | undefined> {
    const bytes = await signatures.read(recordedAs, name);
    // As cosign stores and finds a bundle: https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
    const annotations = {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': statements[name].predicateType,
    };
    return bytes && { type: bundleType, name: basename(recordKeys.signature(recordedAs, name)), bytes, annotations };
  }

  /**
   * @param recordedAs under which id its SBOMs and its signed statements are recorded
   * @returns what people should know: something that the registry does not take keeps the image from its release only if the policy says so
   * @throws RecordConflictError if the image is not signed and has to be
   */
  return async function attachReferrers(
    recordedAs: string,
    { registry, repository, digest, policy }: ReleasedImage,
  ): Promise<{ signed: boolean; warnings: string[] }> {
    const { unsigned = 'block', scanners } = policy ?? {};
    const ofSbom = scanners?.sbom ?? 'block';

    const warnings = new Set<string>();

    /** @returns whether the image has it now */
    async function attach(referrer: Referrer | undefined, response: Response): Promise<boolean> {
      if (!referrer) return false;
      try {
        await registry.attach(repository, digest, referrer);
        return true;
      } catch (error) {
        if (!(error instanceof ReferrerRefusedError) || response === 'block') throw error;
        if (response === 'warn') warnings.add(`${error.message}. The image is released without it.`);
        return false;
      }
    }

    const [boms, bundles] = await Promise.all([
      Promise.all((Object.keys(sbomFormats) as SbomFormat[]).map((format) => sbomOf(recordedAs, format))),
      Promise.all(statementNames.map(async (name) => ({ name, bundle: await bundleOf(recordedAs, name) }))),
    ]);
    const missing = bundles.flatMap(({ name, bundle }) => (!bundle && isRequired(name) ? [name] : []));
    if (missing.length > 0 && unsigned === 'block')
      throw new RecordConflictError(
        `The image of build ${recordedAs} is not signed (${missing.join(', ')}): it is not released.`,
      );
    if (missing.length > 0) warnings.add('The image is not signed: the signing key was not available.');

    // The verdict has already decided whether an image may be released without an SBOM.
    await Promise.all(boms.map((bom) => attach(bom, ofSbom)));
    const attached = await Promise.all(
      bundles.map(async ({ name, bundle }) => {
        const isAttached = await attach(bundle, isRequired(name) ? unsigned : ofSbom);
        return isAttached || !isRequired(name);
      }),
    );
    return { signed: attached.every(Boolean), warnings: [...warnings] };
  };
}

const isRequired = (name: StatementName): boolean => requiredStatements.some((required) => required === name);

export type AttachReferrers = ReturnType<typeof createAttachReferrers>;
