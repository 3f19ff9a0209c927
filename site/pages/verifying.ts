import type { ReleasedImage } from '../../core/releases/release.ts';
import { publicKeyPath } from '../../core/signing/public-key.ts';
import { requiredStatements, statementNames, statements } from '../../core/signing/statement.ts';
import { type Html, html } from '../../core/text/html.ts';
import type { Verified } from '../release-verification.ts';

export interface Verifying {
  release: ReleasedImage;
  /** With the registry's host: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/slipway/demo/app`. */
  repository: string;
  siteUrl: string;
  /** As PEM; undefined if KMS does not give it at the moment. */
  publicKey: string | undefined;
  /** What the key proves; undefined if that cannot be checked at the moment. */
  verified: Verified | undefined;
}

/** How anybody verifies a release: by a command, by cosign, and in a cluster. */
export function verifyingSection({ release, repository, siteUrl, publicKey, verified }: Verifying): Html {
  if (!release.signed)
    return html`<section id="signature"><h2>Signature</h2><p class="quiet">The image is not signed.</p></section>`;
  const image = `${repository}@${release.digest}`;
  return html`<section id="signature"><h2>Signature</h2>
${verified && verdict(verified)}
<p>The image is signed by the key <a href="${publicKeyPath}"><code>cosign.pub</code></a>, and so are its origin, its scan and its SBOMs.</p>
${command([`curl --fail --output cosign.pub ${siteUrl}${publicKeyPath}`, `npx slipway verify --key cosign.pub ${image}`].join('\n'))}
<details id="cosign"><summary>The same with cosign</summary>${command(cosignCommands(image, sbomsOf(release, repository)))}</details>
${
  publicKey &&
  html`<details id="kyverno"><summary>Let only signed images run, by Kyverno</summary>${command(kyvernoPolicy(repository, publicKey))}</details>
<details id="policy-controller"><summary>Let only signed images run, by sigstore's policy-controller</summary>${command(clusterImagePolicy(repository, publicKey))}</details>`
}</section>`;
}

const meanings: Record<Verified['proven'][number], string> = {
  signature: 'the signature',
  provenance: 'where it was built from',
  vulnerabilities: 'its scan',
  cyclonedx: 'its SBOM in CycloneDX',
  spdx: 'its SBOM in SPDX',
};

/** This page checks what was kept at the release; who runs the image checks for himself what is in the registry. */
function verdict({ proven, missing }: Verified): Html {
  const names = (all: Verified['proven']) => all.map((name) => meanings[name]).join(', ');
  return missing.length === 0
    ? html`<p class="note good">Checked just now against the key: ${names(proven)}.</p>`
    : html`<p class="note bad">The key does not prove ${names(missing)}. Do not run this image before whoever runs Slipway has looked into it.</p>`;
}

function command(text: string): Html {
  return html`<pre class="command" tabindex="0" data-copy><code>${text}</code></pre>`;
}

/** An image index has no SBOM: the image of each platform has its own. */
function sbomsOf({ digest, platforms }: ReleasedImage, repository: string): string[] {
  return (platforms ?? [{ digest }]).map((image) => `${repository}@${image.digest}`);
}

function cosignCommands(image: string, withSbom: readonly string[]): string {
  const options = '--key cosign.pub --insecure-ignore-tlog=true';
  const attestations = statementNames.flatMap((name) => {
    const { cosignType } = statements[name];
    const images = requiredStatements.some((required) => required === name) ? [image] : withSbom;
    return cosignType ? images.map((each) => `cosign verify-attestation --type ${cosignType} ${options} ${each}`) : [];
  });
  return [`cosign verify ${options} ${image}`, ...attestations].join('\n');
}

const indented = (text: string, spaces: number): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `${' '.repeat(spaces)}${line}`)
    .join('\n');

/**
 * https://kyverno.io/docs/policy-types/image-validating-policy/. Only this kind of policy finds bundles that a key signed. A log has to be
 * named although none is asked.
 */
function kyvernoPolicy(repository: string, publicKey: string): string {
  const isEcr = /^\d{12}\.dkr\.ecr\./.test(repository);
  return `apiVersion: policies.kyverno.io/v1
kind: ImageValidatingPolicy
metadata:
  name: signed-by-slipway
spec:
  validationActions: [Deny]
  matchConstraints:
    resourceRules:
      - apiGroups: [""]
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [pods]
  matchImageReferences:
    - glob: "${repository}:*"
    - glob: "${repository}@*"
${isEcr ? '  credentials:\n    providers: [amazon]\n' : ''}  attestors:
    - name: slipway
      cosign:
        key:
          data: |
${indented(publicKey, 12)}
        ctlog:
          url: https://rekor.sigstore.dev
          insecureIgnoreTlog: true
          insecureIgnoreSCT: true
  validations:
    - expression: >-
        (images.containers + images.initContainers + images.ephemeralContainers)
        .map(image, verifyImageSignatures(image, [attestors.slipway])).all(count, count > 0)
      message: The image is not signed by Slipway.
`;
}

/** https://docs.sigstore.dev/policy-controller/overview/. Of bundles it verifies attestations only, not the bare signature. */
function clusterImagePolicy(repository: string, publicKey: string): string {
  return `apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: signed-by-slipway
spec:
  images:
    - glob: "${repository}**"
  authorities:
    - name: slipway
      signatureFormat: bundle
      key:
        hashAlgorithm: sha256
        data: |
${indented(publicKey, 10)}
      attestations:
        - name: provenance
          predicateType: ${statements.provenance.predicateType}
`;
}
