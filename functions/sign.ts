import { type Build, isTerminal, makerOf } from '../core/model/build.ts';
import type { BuildRequest, BuildResult, SbomFormat } from '../core/model/builder-contract.ts';
import { RecordConflictError, SigningUnavailableError } from '../core/model/errors.ts';
import type { Scan } from '../core/model/findings.ts';
import { partOf } from '../core/model/platform.ts';
import { effectivePolicy } from '../core/model/policy.ts';
import { once } from '../core/once.ts';
import { scanOfPlatform } from '../core/platforms/merged-scan.ts';
import { bundleOf, digestToSign } from '../core/signing/bundle.ts';
import { provenanceOf } from '../core/signing/provenance.ts';
import { type StatementName, statementNames, statementOn } from '../core/signing/statement.ts';
import { vulnerabilityScanOf } from '../core/signing/vulnerability-scan.ts';
import { openReleaseKey } from '../services/aws/release-key.ts';
import type { SigningKey } from '../services/aws/signing-key.ts';
import { jsonVariable, siteUrl } from '../services/environment.ts';
import { openRecords, type Records } from '../services/records/records.ts';
import { openSboms, type Sboms } from '../services/records/sboms.ts';
import { openSignatures, type Signatures } from '../services/records/signatures.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { type Heads, openHeads } from '../services/tables/heads.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { stepInputSchema } from './builds/step-input.ts';
import { candidateToRelease, type PassedBuild } from './releases/candidate-to-release.ts';

interface Services {
  builds: Pick<Builds, 'require' | 'begin' | 'endStage'>;
  projects: Pick<Projects, 'get'>;
  heads: Pick<Heads, 'get'>;
  records: Pick<Records, 'request' | 'result' | 'scan'>;
  sboms: Pick<Sboms, 'read'>;
  signatures: Pick<Signatures, 'read' | 'keep'>;
  key: SigningKey;
  siteUrl: string;
  /** The pipeline's configuration, which projects override. */
  policy: unknown;
}

/** What is known of the build of a candidate. */
interface Recorded {
  /** The build that made the candidate: after a hold it is an earlier build than the one that releases it. */
  maker: Build;
  request: BuildRequest;
  result: BuildResult & { outcome: 'built' };
  scan: Scan;
}

interface SignedImage {
  /** Under which id its SBOMs and its signed statements are recorded. */
  recordedAs: string;
  digest: string;
  scan: Scan;
}

/**
 * Signs a candidate that passed and is about to be released, and what is known of it: its origin, its findings, its packages. Nothing else
 * is signed. The release attaches the signed statements to the image.
 */
export function createSign({ builds, projects, heads, records, sboms, signatures, key, siteUrl, policy }: Services) {
  async function recordedOf(build: Build): Promise<Recorded> {
    const id = makerOf(build);
    const [maker, request, result, scan] = await Promise.all([
      id === build.id ? build : builds.require(id),
      records.request(id),
      records.result(id),
      records.scan(build.id),
    ]);
    if (!request || result?.outcome !== 'built' || !scan)
      throw new RecordConflictError(`The records of build ${build.id} do not say how its image was made.`);
    // The builder can still overwrite its result.
    if (result.digest !== build.candidate?.digest)
      throw new RecordConflictError(`The result of build ${build.id} is of another image: it is not signed.`);
    return { maker, request, result, scan };
  }

  /** What the statement on an image says; undefined if there is nothing to say. */
  function predicates(build: PassedBuild, { maker, request, result }: Recorded, { recordedAs, scan }: SignedImage) {
    const sbom = async (format: SbomFormat) => objectIn(await sboms.read(recordedAs, format));
    return {
      signature: async () => ({}),
      provenance: async () => provenanceOf({ build: maker, request, result, siteUrl }),
      vulnerabilities: async () => vulnerabilityScanOf({ build, scan, siteUrl }),
      cyclonedx: () => sbom('cyclonedx'),
      spdx: () => sbom('spdx'),
    } satisfies Record<StatementName, () => Promise<object | undefined>>;
  }

  async function signImage(build: PassedBuild, recorded: Recorded, image: SignedImage): Promise<void> {
    const isAgain = build.stages.sign !== undefined;
    const { recordedAs, digest } = image;
    const predicateOf = predicates(build, recorded, image);
    const publicKey = await key.publicKey();
    await Promise.all(
      statementNames.map(async (name) => {
        // The first try need not look; and `keep` does not replace a statement that another try has stored meanwhile.
        if (isAgain && (await signatures.read(recordedAs, name))) return;
        const predicate = await predicateOf[name]();
        if (!predicate) return;
        const statement = statementOn(digest, name, predicate);
        const signature = await key.sign(digestToSign(statement));
        await signatures.keep(recordedAs, name, bundleOf(statement, signature, publicKey));
      }),
    );
  }

  /** Signs an image index and each of its images, so that an image that is pulled by its own digest can be verified too. */
  async function signStatements(build: PassedBuild): Promise<void> {
    const recorded = await recordedOf(build);
    const { scan } = recorded;
    const { digest, platforms = [] } = build.candidate;
    await signImage(build, recorded, { recordedAs: build.id, digest, scan });
    for (const { platform, digest: ofPlatform } of platforms)
      await signImage(build, recorded, {
        recordedAs: partOf(build.id, platform),
        digest: ofPlatform,
        scan: scanOfPlatform(scan, platform),
      });
  }

  return async function sign(input: unknown): Promise<void> {
    const found = await builds.require(stepInputSchema.parse(input).build);
    if (isTerminal(found.status)) return;
    const { build, project, early } = await candidateToRelease({ projects, heads }, found);
    if (early || !(await builds.begin(build.id, 'sign', 'scanning', ['scanning']))) return;
    try {
      await signStatements(build);
    } catch (error) {
      const response = effectivePolicy(policy, project.policy)?.unsigned ?? 'block';
      if (!(error instanceof SigningUnavailableError) || response === 'block') throw error;
      await builds.endStage(build.id, 'sign', 'failed');
      return;
    }
    await builds.endStage(build.id, 'sign', 'succeeded');
  };
}

/** The SBOM, if the text is a JSON object at all: code that a build runs may have written it. */
function objectIn(bytes: Uint8Array | undefined): object | undefined {
  if (!bytes) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const run = once(() =>
  createSign({
    builds: openBuilds(),
    projects: openProjects(),
    heads: openHeads(),
    records: openRecords(),
    sboms: openSboms(),
    signatures: openSignatures(),
    key: openReleaseKey(),
    siteUrl: siteUrl(),
    policy: jsonVariable('POLICY'),
  }),
);

export function handler(input: unknown): Promise<void> {
  return run()(input);
}
