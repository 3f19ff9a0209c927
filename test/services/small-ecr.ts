import {
  DescribeImageScanFindingsCommand,
  type DescribeImageScanFindingsCommandOutput,
  DescribeImagesCommand,
  type ECRClient,
  ECRServiceException,
  StartImageScanCommand,
} from '@aws-sdk/client-ecr';
import { createImageScans } from '../../services/image-scans.ts';

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

/** ECR with one answer for each page of findings (a page's token is its place), and one for StartImageScan. */
export function ecr(pages: (Answer | Error)[], start: object | Error = {}, now?: () => number) {
  const calls: string[] = [];
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
        answer = { imageDetails: [{ imageSizeInBytes: 12_345 }] };
      }
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as unknown as ECRClient;
  const scans = createImageScans(client, now);
  return {
    calls,
    start: () => scans.start(image),
    read: () => scans.read(image),
    scanOf: () => scans.scanOf(image),
    sizeOf: () => scans.sizeOf(image),
  };
}

/** One page of a scan that has ended. */
export function ended(
  imageScanFindings: Answer['imageScanFindings'] = {},
  { status = 'COMPLETE' as 'COMPLETE' | 'ACTIVE', nextToken = undefined as string | undefined, at = new Date() } = {},
): Answer {
  return {
    imageScanStatus: { status, description: 'The scan was completed successfully.' },
    imageScanFindings: { imageScanCompletedAt: at, ...imageScanFindings },
    ...(nextToken === undefined ? {} : { nextToken }),
  };
}
