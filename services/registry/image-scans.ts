import {
  DescribeImagesCommand,
  type ECRClient,
  ECRServiceException,
  ImageArchivedException,
  ImageNotFoundException,
  LimitExceededException,
  RepositoryNotFoundException,
  ScanNotFoundException,
  StartImageScanCommand,
  UnsupportedImageTypeException,
  ValidationException,
} from '@aws-sdk/client-ecr';
import { type Inspector2Client, Inspector2ServiceException } from '@aws-sdk/client-inspector2';
import { ScanPendingError } from '../../core/model/errors.ts';
import type { Scan } from '../../core/model/findings.ts';
import type { ImageReading } from '../../core/releases/rescan.ts';
import type { ScannedImage } from '../../core/scanners/scan-event.ts';
import { archived, createScanReader, nameOf, withoutFindings, withoutStop } from './ecr-scan.ts';
import { createInspector } from './inspector.ts';

/** Why ECR starts no scan: it is too early for another one, or with enhanced scanning Inspector decides when to scan. */
type Refusal = 'too-early' | 'enhanced';

const dayMilliseconds = 24 * 3_600_000;

/** ECR's scans of images, basic and enhanced. */
export function createImageScans(client: ECRClient, inspectorClient: Inspector2Client, now: () => number = Date.now) {
  const readScan = createScanReader(client, createInspector(inspectorClient, now), now);

  async function requestScan({ repository, digest }: ScannedImage): Promise<'begun' | Refusal | Scan> {
    try {
      await client.send(new StartImageScanCommand({ repositoryName: repository, imageId: { imageDigest: digest } }));
      return 'begun';
    } catch (error) {
      if (error instanceof UnsupportedImageTypeException)
        return withoutFindings('unsupported', withoutStop(error.message));
      if (error instanceof ImageArchivedException) return withoutFindings('failed', archived, 'IMAGE_ARCHIVED');
      if (error instanceof LimitExceededException) return 'too-early';
      if (error instanceof ValidationException) return 'enhanced';
      throw error;
    }
  }

  async function current(image: ScannedImage): Promise<Scan> {
    let scan: Awaited<ReturnType<typeof readScan>>;
    try {
      scan = await readScan(image);
    } catch (cause) {
      if (!(cause instanceof ScanNotFoundException)) throw cause;
      // The registry's settings may have no scan on push.
      const started = await requestScan(image);
      if (typeof started === 'object') return started;
      throw new ScanPendingError(absence[started](nameOf(image)), { cause });
    }
    if (scan.state === 'pending') throw new ScanPendingError(scan.reason);
    if (scan.state === 'failed' && scan.status === 'FAILED') return afterFailure(image, scan);
    return scan.state === 'complete' ? upToDate(image, scan) : scan;
  }

  async function afterFailure(image: ScannedImage, scan: Scan): Promise<Scan> {
    const started = await requestScan(image);
    if (started === 'begun')
      throw new ScanPendingError(`ECR scans ${nameOf(image)} a second time, as the first scan failed.`);
    if (started !== 'too-early') return scan;
    const reason = `${scan.reason}, and scans an image once in 24 hours: build again tomorrow, or change the image`;
    return { ...scan, reason };
  }

  /** A build of an image that exists already, byte for byte, finds the scan of its first push, which may be outdated. */
  async function upToDate(image: ScannedImage, scan: Scan): Promise<Scan> {
    const age = now() - Date.parse(scan.completedAt ?? '');
    // Inspector itself rescans an image that it watches.
    if (scan.status === 'ACTIVE' || age <= dayMilliseconds) return scan;
    const started = await requestScan(image);
    if (typeof started === 'object') return started;
    if (started === 'begun') throw new ScanPendingError(`ECR is scanning ${nameOf(image)} again.`);
    // Enhanced: Inspector is set to scan on push only. With basic scanning, ECR may count the 24 hours a little differently and allow a
    // scan soon. If the last scan is much older, the account has used up today's scans.
    if (started === 'enhanced' || age <= 2 * dayMilliseconds) return scan;
    const day = scan.completedAt?.slice(0, 10);
    return {
      ...scan,
      state: 'failed',
      reason: `The last scan is of ${day}, and ECR starts no other one today: build again tomorrow`,
    };
  }

  return {
    /**
     * Requests a scan. `refused` if ECR has scanned the image within 24 hours (a scan on push counts), or if Inspector scans the images.
     * Returns a `Scan` without findings if the image can never be scanned.
     */
    async start(image: ScannedImage): Promise<'begun' | 'refused' | Scan> {
      const answer = await requestScan(image);
      return answer === 'too-early' || answer === 'enhanced' ? 'refused' : answer;
    },

    /** The scan as it is at this moment. Starts nothing and waits for nothing. */
    async read(image: ScannedImage): Promise<ImageReading> {
      try {
        return await readScan(image);
      } catch (error) {
        if (error instanceof ScanNotFoundException)
          return { state: 'none', reason: `ECR has no scan of ${nameOf(image)} yet.` };
        if (error instanceof ImageNotFoundException || error instanceof RepositoryNotFoundException)
          return { state: 'gone', reason: `${nameOf(image)} is not in the registry any more.` };
        if (isTemporary(error)) return { state: 'pending', reason: noAnswer(error) };
        throw error;
      }
    },

    /**
     * The scan of an image that was just pushed; requests one if there is none, or only an old one.
     * @throws ScanPendingError until the scan has ended; the message says what is missing
     */
    async scanOf(image: ScannedImage): Promise<Scan> {
      try {
        return await current(image);
      } catch (error) {
        if (isTemporary(error)) throw new ScanPendingError(noAnswer(error), { cause: error });
        throw error;
      }
    },

    /** The image that a tag names, with its size in bytes; undefined if the tag names none. */
    async tagged(
      repository: string,
      tag: string,
    ): Promise<{ digest: string; sizeBytes: number | undefined } | undefined> {
      try {
        const { imageDetails } = await client.send(
          new DescribeImagesCommand({ repositoryName: repository, imageIds: [{ imageTag: tag }] }),
        );
        const { imageDigest, imageSizeInBytes } = imageDetails?.[0] ?? {};
        return imageDigest === undefined ? undefined : { digest: imageDigest, sizeBytes: imageSizeInBytes };
      } catch (error) {
        if (error instanceof ImageNotFoundException || error instanceof RepositoryNotFoundException) return undefined;
        throw error;
      }
    },
  };
}

export type ImageScans = ReturnType<typeof createImageScans>;

/** Why there is no scan yet, by ECR's answer to the request for one. */
const absence = {
  begun: (name) => `ECR begins to scan ${name}.`,
  'too-early': (name) =>
    `ECR has no scan of ${name} and starts none: the image, or the account, has had all its scans of 24 hours.`,
  enhanced: (name) =>
    `Inspector has not noticed ${name} yet; if this goes on, see whether a filter of the registry's enhanced scanning covers the repository.`,
} as const satisfies Record<'begun' | Refusal, (name: string) => string>;

/** ECR or Inspector has an internal error, or limits the rate of calls: the caller tries again, as if the scan were still running. */
function isTemporary(error: unknown): error is ServiceError {
  return (
    (error instanceof ECRServiceException || error instanceof Inspector2ServiceException) &&
    (error.$fault === 'server' || /Throttl|TooManyRequests/.test(error.name))
  );
}
type ServiceError = ECRServiceException | Inspector2ServiceException;

const noAnswer = (error: ServiceError): string => `ECR did not answer (${withoutStop(error.message)}).`;
