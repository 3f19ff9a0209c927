import type { EnhancedImageScanFinding, VulnerablePackage } from '@aws-sdk/client-ecr';
import type { Purl } from '../../core/model/purl.ts';
import { purlOf } from '../../core/sbom/purl.ts';

/** A distribution as package URLs name it. */
interface Distribution {
  type: 'deb' | 'rpm' | 'apk';
  namespace: string;
  release?: string | undefined;
}

/** The package of a finding of basic scanning: only the link to its advisory says which distribution the package is from. */
export function basicPackage(
  name: string | undefined,
  version: string | undefined,
  advisory: string | undefined,
): Purl | undefined {
  const distribution = advisory === undefined ? undefined : trackers.get(new URL(advisory).hostname);
  return name && distribution ? distributionPackage(distribution, { name, version }) : undefined;
}

/**
 * Trackers that have only one distribution's own packages. Red Hat's advisories are also used for Amazon Linux and CentOS, and those of
 * MITRE and NVD for every distribution.
 */
const trackers = new Map<string, Distribution>(
  Object.entries({
    'security-tracker.debian.org': { type: 'deb', namespace: 'debian' },
    'people.ubuntu.com': { type: 'deb', namespace: 'ubuntu' },
    'people.canonical.com': { type: 'deb', namespace: 'ubuntu' },
    'ubuntu.com': { type: 'deb', namespace: 'ubuntu' },
    'security.alpinelinux.org': { type: 'apk', namespace: 'alpine' },
    'alas.aws.amazon.com': { type: 'rpm', namespace: 'amazon' },
    'linux.oracle.com': { type: 'rpm', namespace: 'oracle' },
  }),
);

/** The package of a finding of enhanced scanning. */
export function enhancedPackage(vulnerable: VulnerablePackage, platform: string | undefined): Purl | undefined {
  const { name, packageManager, version, release, epoch = 0, arch } = vulnerable;
  if (!name || !packageManager) return undefined;
  if (packageManager !== 'OS') return languagePackage(name, packageManager, version);
  const distribution = distributionOf(platform);
  const whole = version && `${version}${release ? `-${release}` : ''}`;
  return distribution && distributionPackage(distribution, { name, version: whole, epoch, arch });
}

/** The platform of the image that a finding is about: `DEBIAN_12`. */
export function platformOf({ resources = [] }: EnhancedImageScanFinding): string | undefined {
  const platforms = new Set(resources.flatMap((resource) => resource?.details?.awsEcrContainerImage?.platform ?? []));
  return platforms.size === 1 ? [...platforms][0] : undefined;
}

/** A platform as Inspector names it: the distribution, and its release. */
export const platformPattern = /^([A-Z_]+?)_(\d+(?:_\d+)*)$/;

/** `ALPINE_LINUX_3_20`; https://docs.aws.amazon.com/inspector/v2/APIReference/API_ImageLayerAggregation.html shows the form. */
function distributionOf(platform = ''): Distribution | undefined {
  const [, name = '', release = ''] = platformPattern.exec(platform) ?? [];
  const distribution = platforms.get(name);
  return distribution && { ...distribution, release: release.replaceAll('_', '.') };
}

const platforms = new Map<string, Distribution>(
  Object.entries({
    DEBIAN: { type: 'deb', namespace: 'debian' },
    UBUNTU: { type: 'deb', namespace: 'ubuntu' },
    ALPINE_LINUX: { type: 'apk', namespace: 'alpine' },
    AMAZON_LINUX: { type: 'rpm', namespace: 'amazon' },
    ORACLE_LINUX: { type: 'rpm', namespace: 'oracle' },
    ROCKY_LINUX: { type: 'rpm', namespace: 'rocky' },
    CENTOS: { type: 'rpm', namespace: 'centos' },
    FEDORA: { type: 'rpm', namespace: 'fedora' },
  }),
);

interface DistributionPackage {
  name: string;
  version: string | undefined;
  epoch?: number | undefined;
  arch?: string | undefined;
}

function distributionPackage(
  { type, namespace, release }: Distribution,
  { name, version, epoch = 0, arch }: DistributionPackage,
): Purl | undefined {
  // In package URLs the epoch is a qualifier for rpm, and a part of the version for all others; purlOf moves it for rpm.
  const whole = version && epoch > 0 ? `${epoch}:${version}` : version;
  const qualifiers: Record<string, string> = {};
  const architecture = arch && (type === 'deb' ? debianArchitectures.get(arch) : arch.toLowerCase());
  if (architecture) qualifiers.arch = architecture;
  if (release) qualifiers.distro = `${namespace}-${release}`;
  return purlOf({ type, namespace, name, version: whole, qualifiers });
}

/** Inspector names architectures as `uname` does: `X86_64`. */
const debianArchitectures = new Map([
  ['X86_64', 'amd64'],
  ['AARCH64', 'arm64'],
  ['ALL', 'all'],
]);

/** https://docs.aws.amazon.com/inspector/v2/APIReference/API_VulnerablePackage.html */
const languages = new Map(
  Object.entries({
    BUNDLER: 'gem',
    GEMSPEC: 'gem',
    CARGO: 'cargo',
    COMPOSER: 'composer',
    NPM: 'npm',
    YARN: 'npm',
    NODEPKG: 'npm',
    NUGET: 'nuget',
    DOTNET_CORE: 'nuget',
    PIPENV: 'pypi',
    POETRY: 'pypi',
    PIP: 'pypi',
    PYTHONPKG: 'pypi',
    GOBINARY: 'golang',
    GOMOD: 'golang',
    JAR: 'maven',
    POM: 'maven',
  }),
);

/** `@angular/core`, `github.com/aws/smithy-go`, `org.apache.logging.log4j:log4j-core` */
function languagePackage(whole: string, packageManager: string, version: string | undefined): Purl | undefined {
  const type = languages.get(packageManager);
  if (type === undefined) return undefined;
  const at = whole.lastIndexOf(type === 'maven' ? ':' : '/');
  return purlOf({ type, namespace: at < 0 ? undefined : whole.slice(0, at), name: whole.slice(at + 1), version });
}
