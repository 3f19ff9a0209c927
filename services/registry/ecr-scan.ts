import {
  DescribeImageScanFindingsCommand,
  type DescribeImageScanFindingsCommandOutput,
  type ECRClient,
  InvalidParameterException,
  ValidationException,
} from '@aws-sdk/client-ecr';
import { mostVulnerabilities, type Scan } from '../../core/model/findings.ts';
import type { ScannedImage } from '../../core/scanners/scan-event.ts';
import { shownText } from '../../core/text/safe-line.ts';
import { collectFindings } from './ecr-findings.ts';
import type { Inspector } from './inspector.ts';

/** The scan has no result yet. */
interface PendingScan {
  state: 'pending';
  reason: string;
  status?: string | undefined;
}

/**
 * ECR allows 1000. With ten thousand findings of 100 kB each, the function needs 400 of its 512 MB with this size, and 600 MB with 500.
 */
const pageSize = 200;
/** Inspector may return only a hundred findings a page, whatever size is requested. */
const mostPages = 500;
/** Less than the function's timeout of three minutes. */
const readingMilliseconds = 150_000;

export const nameOf = ({ repository, digest }: ScannedImage): string => `${repository}@${digest}`;

/** Reads an image's scan from ECR, in whichever state it is. */
export function createScanReader(client: ECRClient, inspector: Inspector, now: () => number) {
  const describe = ({ repository, digest }: ScannedImage, nextToken?: string) =>
    client.send(
      new DescribeImageScanFindingsCommand({
        repositoryName: repository,
        imageId: { imageDigest: digest },
        maxResults: pageSize,
        nextToken,
      }),
    );

  async function readPages(
    image: ScannedImage,
    first: DescribeImageScanFindingsCommandOutput,
    status: 'COMPLETE' | 'ACTIVE',
  ): Promise<Scan | PendingScan> {
    const again = (what: string) =>
      pending(`${what} while the findings of ${nameOf(image)} were read; they are read again`, status);
    const until = now() + readingMilliseconds;
    const collected = collectFindings();
    const tokens = new Set<string>();
    const { imageScanFindings = {}, registryId: account } = first;
    const { imageScanCompletedAt: completedAt, vulnerabilitySourceUpdatedAt, enhancedFindings } = imageScanFindings;
    // Only basic scanning always has counts, even if it has found nothing.
    const isBasic = status === 'COMPLETE' && !enhancedFindings && imageScanFindings.findingSeverityCounts !== undefined;
    let counted = countOf(first);
    const known = (state: Scan['state'], reason?: string): Scan => ({
      state,
      reason,
      findings: collected.list(),
      scanner: isBasic ? 'basic' : 'enhanced',
      status,
      ...time('completedAt', completedAt),
      ...time('sourceUpdatedAt', vulnerabilitySourceUpdatedAt),
    });
    collected.add(first);
    for (let { nextToken } = first; nextToken; ) {
      if (collected.isTooMany) return known('failed', tooMany);
      if (tokens.has(nextToken) || tokens.size >= mostPages) return known('failed', endless);
      tokens.add(nextToken);
      if (now() > until) return again('ECR was too slow');
      let page: DescribeImageScanFindingsCommandOutput;
      try {
        page = await describe(image, nextToken);
      } catch (error) {
        // The token has expired, or belongs to a scan that a newer one has replaced.
        if (error instanceof InvalidParameterException || error instanceof ValidationException)
          return again('ECR refused its own page token');
        throw error;
      }
      const isSame =
        page.imageScanStatus?.status === status &&
        // Inspector may rescan while pages are read: that is not another scan.
        (!isBasic || page.imageScanFindings?.imageScanCompletedAt?.getTime() === completedAt?.getTime());
      if (!isSame) return again('The image was scanned anew');
      collected.add(page);
      // ECR does not document whether the count is of the page or of the whole scan.
      counted = Math.max(counted, countOf(page));
      ({ nextToken } = page);
    }
    if (collected.isTooMany) return known('failed', tooMany);
    if (collected.rows < counted) return again('ECR returned fewer findings than it counted');
    if (collected.rows > 0 || isBasic) return known('complete');
    // ECR gives this same answer while it does not have Inspector's findings yet, and if there are none.
    const doubt =
      account && completedAt
        ? await inspector.doubtOf(image, { account, completedAt })
        : 'ECR does not say which account it belongs to';
    if (doubt === undefined) return known('complete');
    return pending(
      `ECR returns no findings of ${nameOf(image)}, and it is not certain that there are none: ${doubt}`,
      status,
    );
  }

  /**
   * The findings, or why there are none yet.
   * @throws ECR's own error if there is no scan, no image, or no answer
   */
  return async function readScan(image: ScannedImage): Promise<Scan | PendingScan> {
    const first = await describe(image);
    const { status, description } = first.imageScanStatus ?? {};
    const name = nameOf(image);
    const detail = description ? ` (${withoutStop(description)})` : '';
    switch (status) {
      case 'COMPLETE':
      case 'ACTIVE':
        // Enhanced scanning reports a scan as complete, or the image as watched, before there are findings. So their absence does not mean
        // yet that there are none. https://github.com/aws/aws-sdk/issues/289
        if (!first.imageScanFindings?.imageScanCompletedAt)
          return pending(`The findings of ${name} are not there yet${detail}`, status);
        return readPages(image, first, status);
      case undefined:
        return pending(`ECR says nothing yet of the scan of ${name}${detail}`);
      case 'IN_PROGRESS':
        return pending(`ECR is scanning ${name}${detail}`, status);
      case 'PENDING': {
        const advice = 'if this goes on, see whether Amazon Inspector is activated for ECR';
        return pending(`Inspector has not begun to scan ${name}${detail}; ${advice}`, status);
      }
      case 'UNSUPPORTED_IMAGE':
        return withoutFindings('unsupported', description && withoutStop(description), status);
      case 'FAILED':
        // Basic scanning reports a distribution that it does not know in this way.
        // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-troubleshooting.html
        return description?.startsWith('UnsupportedImageError')
          ? withoutFindings('unsupported', withoutStop(description), status)
          : withoutFindings('failed', `ECR could not scan the image${detail}`, status);
      default:
        return withoutFindings(
          'failed',
          `${remedyOf(status) ?? `ECR says ${withoutStop(status)} of the scan`}${detail}`,
          status,
        );
    }
  };
}

export function withoutFindings(state: 'failed' | 'unsupported', reason?: string, status?: string): Scan {
  return {
    state,
    reason,
    findings: [],
    status: status === undefined ? undefined : withoutStop(status),
  };
}

/** A message of ECR as one line, without its full stop. */
export const withoutStop = (text: string): string =>
  shownText(text.replaceAll(/\s+/g, ' ').trim(), 500).replace(/[.\s]+$/, '');

export const archived = 'The image is archived in ECR: restore it there, or build again';
const endless = 'ECR repeats its pages of findings without an end: build again later';
const tooMany = `The image has more than ${mostVulnerabilities.toLocaleString('en-US')} findings, more than can be judged: build it on a newer base`;

/** What to do about ECR's other statuses. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html */
function remedyOf(status: string): string | undefined {
  switch (status) {
    case 'FINDINGS_UNAVAILABLE':
      return 'ECR cannot get the findings: see whether Amazon Inspector is activated for ECR, then build again';
    case 'LIMIT_EXCEEDED':
      return 'A limit of the account keeps the image from being scanned: ask for a higher one, or build again tomorrow';
    case 'SCAN_ELIGIBILITY_EXPIRED':
      return 'Inspector no longer scans the image: change the image, or let Inspector scan images for longer, then build again';
    case 'IMAGE_ARCHIVED':
      return archived;
    default:
      return undefined;
  }
}

function pending(reason: string, status?: string): PendingScan {
  return { state: 'pending', reason: `${reason}.`, status };
}

/** How many findings ECR counts. */
function countOf({ imageScanFindings }: DescribeImageScanFindingsCommandOutput): number {
  return Object.values(imageScanFindings?.findingSeverityCounts ?? {}).reduce((sum, count) => sum + count, 0);
}

const time = <Name extends string>(name: Name, at: Date | undefined) =>
  (at === undefined || Number.isNaN(at.getTime()) ? {} : { [name]: at.toISOString() }) as { [Key in Name]?: string };
