import {
  type CoveredResource,
  type Inspector2Client,
  ListCoverageCommand,
  ListFindingsCommand,
} from '@aws-sdk/client-inspector2';
import type { ScannedImage } from '../../core/scanners/scan-event.ts';

/** What ECR says about a scan for which it returns no findings. */
export interface SilentScan {
  /** The account that the registry belongs to. */
  account: string;
  completedAt: Date;
}

/** Findings of an image were seen 22 s after the end of its scan. https://github.com/aws/aws-sdk/issues/289 */
const settlingMilliseconds = 60_000;

/**
 * Reads what Inspector itself knows of an image. ECR gives the same answer for an image without findings and for one whose findings it does
 * not have yet; Inspector can tell the difference.
 */
export function createInspector(client: Inspector2Client, now: () => number) {
  return {
    /** Why it is not certain that the image has no findings; undefined if it is certain. */
    async doubtOf(image: ScannedImage, { account, completedAt }: SilentScan): Promise<string | undefined> {
      if (now() - completedAt.getTime() < settlingMilliseconds) return 'its findings may still come';
      const resourceId = await arnOf(client, image, account);
      const { coveredResources = [] } = await client.send(
        new ListCoverageCommand({ filterCriteria: { resourceId: [{ comparison: 'EQUALS', value: resourceId }] } }),
      );
      const covered = coveredResources.find(
        (each) =>
          each.resourceId === resourceId &&
          each.resourceType === 'AWS_ECR_CONTAINER_IMAGE' &&
          each.scanType === 'PACKAGE',
      );
      if (!covered) return 'Inspector does not know it';
      if (!wasScanned(covered)) {
        const { statusCode = 'no status', reason = 'no reason' } = covered.scanStatus ?? {};
        return `Inspector says ${statusCode}, ${reason}`;
      }
      if (!covered.lastScannedAt || covered.lastScannedAt < completedAt) return 'Inspector has not scanned it since';
      const { findings = [], nextToken } = await client.send(
        new ListFindingsCommand({
          filterCriteria: {
            ecrImageHash: [{ comparison: 'EQUALS', value: image.digest }],
            ecrImageRepositoryName: [{ comparison: 'EQUALS', value: image.repository }],
            // A suppressed finding still counts: waivers are only in the index.
            findingStatus: [
              { comparison: 'EQUALS', value: 'ACTIVE' },
              { comparison: 'EQUALS', value: 'SUPPRESSED' },
            ],
          },
          maxResults: 1,
        }),
      );
      return findings.length > 0 || nextToken ? 'Inspector has findings that ECR does not return' : undefined;
    },
  };
}

export type Inspector = ReturnType<typeof createInspector>;

/** https://docs.aws.amazon.com/inspector/v2/APIReference/API_ScanStatus.html */
function wasScanned({ scanStatus }: CoveredResource): boolean {
  const { statusCode, reason } = scanStatus ?? {};
  return (
    (statusCode === 'ACTIVE' && reason === 'SUCCESSFUL') ||
    // It was scanned once, on push, and is not watched.
    (statusCode === 'INACTIVE' && reason === 'SCAN_FREQUENCY_SCAN_ON_PUSH')
  );
}

async function arnOf(client: Inspector2Client, { repository, digest }: ScannedImage, account: string): Promise<string> {
  const region = await client.config.region();
  const partition = partitions.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';
  return `arn:${partition}:ecr:${region}:${account}:repository/${repository}/${digest}`;
}

/** https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
const partitions = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['eusc-', 'aws-eusc'],
] as const;
