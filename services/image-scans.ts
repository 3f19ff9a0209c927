import {
  DescribeImageScanFindingsCommand,
  type DescribeImageScanFindingsCommandOutput,
  type ECRClient,
  LimitExceededException,
  ScanNotFoundException,
  StartImageScanCommand,
  UnsupportedImageTypeException,
  ValidationException,
  type VulnerablePackage,
} from '@aws-sdk/client-ecr';
import { ScanPendingError } from '../core/errors.ts';
import { type Finding, type Scan, severities } from '../core/findings.ts';

interface ScannedImage {
  repository: string;
  digest: string;
}

const dayMilliseconds = 24 * 3_600_000;

/** ECR's scans of images, basic and enhanced. */
export function createImageScans(client: ECRClient) {
  const describe = ({ repository, digest }: ScannedImage, nextToken?: string) =>
    client.send(
      new DescribeImageScanFindingsCommand({
        repositoryName: repository,
        imageId: { imageDigest: digest },
        maxResults: 1000,
        nextToken,
      }),
    );

  /** Asks for a scan. ECR scans an image once a day at most. */
  async function start({ repository, digest }: ScannedImage): Promise<'begun' | 'refused' | Scan> {
    try {
      await client.send(new StartImageScanCommand({ repositoryName: repository, imageId: { imageDigest: digest } }));
      return 'begun';
    } catch (error) {
      if (error instanceof UnsupportedImageTypeException)
        return { state: 'unsupported', reason: error.message, findings: [] };
      // A scan that was asked for already, or a registry with enhanced scanning, which scans by itself: it will come.
      if (!(error instanceof LimitExceededException || error instanceof ValidationException)) throw error;
      return 'refused';
    }
  }

  return {
    /** @throws ScanPendingError until the scan has ended */
    async scanOf(image: ScannedImage): Promise<Scan> {
      let page: DescribeImageScanFindingsCommandOutput;
      try {
        page = await describe(image);
      } catch (error) {
        if (!(error instanceof ScanNotFoundException)) throw error;
        // The settings of the registry may scan nothing on push.
        const started = await start(image);
        if (typeof started === 'object') return started;
        throw new ScanPendingError(`ECR has no scan of ${image.repository}@${image.digest} yet.`, { cause: error });
      }
      const { status, description } = page.imageScanStatus ?? {};
      const reason = description ? { reason: description } : {};
      switch (status) {
        case 'COMPLETE':
        case 'ACTIVE': {
          // Enhanced scanning says that it watches an image before it has looked at it: no findings yet are not no findings.
          if (status === 'ACTIVE' && !page.imageScanFindings?.imageScanCompletedAt)
            throw new ScanPendingError(`Inspector has not scanned ${image.repository}@${image.digest} yet.`);
          // An image that was built before, byte for byte, has the findings of its first push; much may be known of it since.
          if (status === 'COMPLETE' && isOld(page) && (await start(image)) === 'begun')
            throw new ScanPendingError(`ECR is scanning ${image.repository}@${image.digest} again.`);
          const findings = findingsOf(page);
          while (page.nextToken) {
            page = await describe(image, page.nextToken);
            findings.push(...findingsOf(page));
          }
          return { state: 'complete', findings };
        }
        case 'UNSUPPORTED_IMAGE':
          return { state: 'unsupported', ...reason, findings: [] };
        case 'IN_PROGRESS':
        case 'PENDING':
        case undefined:
          throw new ScanPendingError(`ECR is scanning ${image.repository}@${image.digest}.`);
        default:
          return { state: 'failed', reason: description ?? status, findings: [] };
      }
    },
  };
}

export type ImageScans = ReturnType<typeof createImageScans>;

function isOld({ imageScanFindings }: DescribeImageScanFindingsCommandOutput): boolean {
  const { imageScanCompletedAt } = imageScanFindings ?? {};
  return imageScanCompletedAt !== undefined && Date.now() - imageScanCompletedAt.getTime() > dayMilliseconds;
}

/** Basic scanning gives `findings` with attributes, enhanced scanning `enhancedFindings` with packages. */
function findingsOf({ imageScanFindings }: DescribeImageScanFindingsCommandOutput): Finding[] {
  const basic = (imageScanFindings?.findings ?? []).map(({ name, severity, uri, attributes = [] }): Finding => {
    const attribute = (key: string) => attributes.find((each) => each.key === key)?.value;
    const fixed = attribute('fixed_in_version') ?? attribute('patched_in_version');
    return {
      id: name ?? 'unnamed finding',
      severity: severityOf(severity),
      package: attribute('package_name') ?? 'unknown package',
      installed: attribute('package_version') ?? 'unknown version',
      ...(fixed ? { fixed } : {}),
      ...(uri ? { url: uri } : {}),
    };
  });
  const enhanced = (imageScanFindings?.enhancedFindings ?? []).flatMap(
    ({ title, severity, packageVulnerabilityDetails }) => {
      const { vulnerabilityId, sourceUrl, vulnerablePackages = [] } = packageVulnerabilityDetails ?? {};
      // A finding that names no package counts like any other.
      return (vulnerablePackages.length > 0 ? vulnerablePackages : [{}]).map(
        (vulnerable: VulnerablePackage): Finding => {
          const { name, version, release, fixedInVersion } = vulnerable;
          const fixed = fixedInVersion && fixedInVersion !== 'NotAvailable' ? fixedInVersion : undefined;
          return {
            id: vulnerabilityId ?? title ?? 'unnamed finding',
            severity: severityOf(severity),
            package: name ?? 'unknown package',
            installed: [version, release].filter(Boolean).join('-') || 'unknown version',
            ...(fixed ? { fixed } : {}),
            ...(sourceUrl ? { url: sourceUrl } : {}),
          };
        },
      );
    },
  );
  return [...basic, ...enhanced];
}

function severityOf(text: string | undefined): Finding['severity'] {
  // Inspector says UNTRIAGED where basic scanning says UNDEFINED.
  return severities.find((severity) => severity === text) ?? 'UNDEFINED';
}
