import {
  DescribeImageScanFindingsCommand,
  type DescribeImageScanFindingsCommandOutput,
  DescribeImagesCommand,
  type ECRClient,
  ECRServiceException,
  StartImageScanCommand,
} from '@aws-sdk/client-ecr';
import { type Inspector2Client, ListCoverageCommand, type ListCoverageCommandOutput } from '@aws-sdk/client-inspector2';
import { createImageScans } from '../../services/registry/image-scans.ts';

export type Answer = Partial<DescribeImageScanFindingsCommandOutput>;

export const image = { repository: 'candidate/demo/app', digest: 'sha256:0' };
export const problem = { $metadata: {}, message: 'as ECR says it' };

/** A service that has too many callers, as the SDK tells of it. */
export const throttled = new ECRServiceException({
  name: 'ThrottlingException',
  $fault: 'client',
  $metadata: {},
  message: 'Rate exceeded',
});

/** What Inspector says of the image, and how many findings it has. */
export interface SmallInspector {
  covered?: Partial<NonNullable<ListCoverageCommandOutput['coveredResources']>[number]>;
  findings?: number;
  problem?: Error;
}

interface Settings {
  start?: object | Error;
  /** What DescribeImages answers. */
  tagged?: object | Error;
  now?: () => number;
  inspector?: SmallInspector;
  region?: string;
}

/** ECR with one answer for each page of findings (a page's token is its place), and one for StartImageScan. */
export function ecr(
  pages: (Answer | Error)[],
  { start = {}, tagged, now, inspector = {}, region = 'us-east-1' }: Settings = {},
) {
  const calls: string[] = [];
  const asked: object[] = [];
  const { covered, findings = 0, problem: trouble } = inspector;
  const inspectorClient = {
    config: { region: async () => region },
    async send(command: { input: { filterCriteria: object } }) {
      if (trouble) throw trouble;
      asked.push(command.input.filterCriteria);
      if (command instanceof ListCoverageCommand) return { coveredResources: covered ? [covered] : [] };
      return { findings: Array.from({ length: findings }, () => ({})) };
    },
  } as unknown as Inspector2Client;
  const client = {
    async send(command: unknown) {
      let answer: object | undefined;
      if (command instanceof DescribeImageScanFindingsCommand) {
        calls.push(`read ${command.input.nextToken ?? 0}`);
        answer = pages[Number(command.input.nextToken ?? 0)];
      } else if (command instanceof StartImageScanCommand) {
        calls.push('start');
        answer = start;
      } else if (command instanceof DescribeImagesCommand) {
        answer = tagged ?? { imageDetails: [{ imageDigest: image.digest, imageSizeInBytes: 12_345 }] };
      }
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as unknown as ECRClient;
  const scans = createImageScans(client, inspectorClient, now);
  return {
    calls,
    /** What Inspector was asked. */
    asked,
    start: () => scans.start(image),
    read: () => scans.read(image),
    scanOf: () => scans.scanOf(image),
    tagged: (tag: string) => scans.tagged(image.repository, tag),
  };
}

/** One page of a scan that has ended; basic scanning counts. */
export function ended(
  imageScanFindings: Answer['imageScanFindings'] = {},
  { status = 'COMPLETE' as 'COMPLETE' | 'ACTIVE', nextToken = undefined as string | undefined, at = new Date() } = {},
): Answer {
  const isBasic = status === 'COMPLETE' && !imageScanFindings.enhancedFindings;
  return {
    registryId: '123456789012',
    imageScanStatus: { status, description: 'The scan was completed successfully.' },
    imageScanFindings: {
      imageScanCompletedAt: at,
      ...(isBasic ? { findingSeverityCounts: {} } : {}),
      ...imageScanFindings,
    },
    ...(nextToken === undefined ? {} : { nextToken }),
  };
}
