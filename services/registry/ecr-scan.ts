import {
  DescribeImageScanFindingsCommand,
  type ECRClient,
  InvalidParameterException,
  type DescribeImageScanFindingsCommandOutput as Page,
  ValidationException,
} from '@aws-sdk/client-ecr';
import { type Finding, mostVulnerabilities, type Scan } from '../../core/model/findings.ts';
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

interface Collected {
  findings: Finding[];
  /** How many findings ECR returned, repeated ones included. */
  rows: number;
  /** Why the findings are not all of them, and reading them again would not help. */
  failure?: string | undefined;
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

  /** Undefined if the token has expired, or belongs to a scan that a newer one has replaced. */
  async function nextPage(image: ScannedImage, token: string): Promise<Page | undefined> {
    try {
      return await describe(image, token);
    } catch (error) {
      if (error instanceof InvalidParameterException || error instanceof ValidationException) return undefined;
      throw error;
    }
  }

  /** The findings of all pages; `again` says why they have to be read once more. */
  async function collectPages(image: ScannedImage, first: Page): Promise<Collected | { again: string }> {
    const until = now() + readingMilliseconds;
    const collected = collectFindings();
    const tokens = new Set<string>();
    const collectedSoFar = (failure?: string) => ({ findings: collected.list(), rows: collected.rows, failure });
    let counted = 0;
    for (let page = first; ; ) {
      collected.add(page);
      // ECR does not document whether the count is of the page or of the whole scan.
      counted = Math.max(counted, countOf(page));
      if (collected.isTooMany) return collectedSoFar(tooMany);
      const { nextToken } = page;
      if (!nextToken) break;
      if (tokens.has(nextToken) || tokens.size >= mostPages) return collectedSoFar(endless);
      tokens.add(nextToken);
      if (now() > until) return { again: 'ECR was too slow' };
      const next = await nextPage(image, nextToken);
      if (!next) return { again: 'ECR refused its own page token' };
      if (!isSameScan(first, next)) return { again: 'The image was scanned again' };
      page = next;
    }
    return collected.rows < counted ? { again: 'ECR returned fewer findings than it counted' } : collectedSoFar();
  }

  /** ECR gives the same answer while it does not have Inspector's findings yet, and if there are none. */
  async function doubtOf(image: ScannedImage, { registryId: account, imageScanFindings }: Page) {
    const completedAt = imageScanFindings?.imageScanCompletedAt;
    return account && completedAt
      ? inspector.doubtOf(image, { account, completedAt })
      : 'ECR does not say which account it belongs to';
  }

  async function readPages(image: ScannedImage, first: Page, status: 'COMPLETE' | 'ACTIVE') {
    const collected = await collectPages(image, first);
    if ('again' in collected)
      return pending(
        `${collected.again} while the findings of ${nameOf(image)} were read; they are read again`,
        status,
      );
    const { findings, rows, failure } = collected;
    const isBasic = isBasicScan(first);
    const doubt = failure === undefined && rows === 0 && !isBasic ? await doubtOf(image, first) : undefined;
    if (doubt !== undefined) {
      const name = nameOf(image);
      return pending(`ECR returns no findings of ${name}, and it is not certain that there are none: ${doubt}`, status);
    }
    const scan: Scan = {
      state: failure === undefined ? 'complete' : 'failed',
      reason: failure,
      findings,
      scanner: isBasic ? 'basic' : 'enhanced',
      status,
      completedAt: timeOf(first.imageScanFindings?.imageScanCompletedAt),
      sourceUpdatedAt: timeOf(first.imageScanFindings?.vulnerabilitySourceUpdatedAt),
    };
    return scan;
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
function countOf({ imageScanFindings }: Page): number {
  return Object.values(imageScanFindings?.findingSeverityCounts ?? {}).reduce((sum, count) => sum + count, 0);
}

/** Only basic scanning always has counts, even if it has found nothing. */
function isBasicScan({ imageScanStatus, imageScanFindings }: Page): boolean {
  return (
    imageScanStatus?.status === 'COMPLETE' &&
    !imageScanFindings?.enhancedFindings &&
    imageScanFindings?.findingSeverityCounts !== undefined
  );
}

/** Inspector may rescan while pages are read: that is not another scan. */
function isSameScan(first: Page, next: Page): boolean {
  const completedAt = ({ imageScanFindings }: Page) => imageScanFindings?.imageScanCompletedAt?.getTime();
  return (
    next.imageScanStatus?.status === first.imageScanStatus?.status &&
    (!isBasicScan(first) || completedAt(next) === completedAt(first))
  );
}

function timeOf(at: Date | undefined): string | undefined {
  return at === undefined || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
