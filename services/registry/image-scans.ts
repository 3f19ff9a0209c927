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
import { Inspector2Client, Inspector2ServiceException } from '@aws-sdk/client-inspector2';
import { ScanPendingError } from '../../core/model/errors.ts';
import type { Scan } from '../../core/model/findings.ts';
import { once } from '../../core/once.ts';
import { ecrClient } from './ecr-client.ts';
import { archived, createScanReader, nameOf, type ScannedImage, told, withoutFindings } from './ecr-scan.ts';
import { createInspector } from './inspector.ts';

/** What the registry knows of an image at this moment: a scan, or why there is none. */
export type ImageReading =
  | Scan
  /** It is to come; nobody has asked for one yet, or Inspector has not taken notice of the image; there is no image. */
  | { state: 'pending' | 'none' | 'gone'; reason: string; status?: string | undefined };

/** Why ECR begins no scan: it is too early for another one, or Inspector decides when it scans. */
type Refusal = 'too-early' | 'enhanced';

const dayMilliseconds = 24 * 3_600_000;

/** ECR's scans of images, basic and enhanced. */
export function createImageScans(client: ECRClient, inspectorClient: Inspector2Client, now: () => number = Date.now) {
  const readScan = createScanReader(client, createInspector(inspectorClient, now), now);

  async function ask({ repository, digest }: ScannedImage): Promise<'begun' | Refusal | Scan> {
    try {
      await client.send(new StartImageScanCommand({ repositoryName: repository, imageId: { imageDigest: digest } }));
      return 'begun';
    } catch (error) {
      if (error instanceof UnsupportedImageTypeException) return withoutFindings('unsupported', told(error.message));
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
      // The settings of the registry may scan nothing on push.
      const started = await ask(image);
      if (typeof started === 'object') return started;
      throw new ScanPendingError(absence[started](nameOf(image)), { cause });
    }
    if (scan.state === 'pending') throw new ScanPendingError(scan.reason);
    if (scan.state === 'failed' && scan.status === 'FAILED') return afterFailure(image, scan);
    return scan.state === 'complete' ? upToDate(image, scan) : scan;
  }

  async function afterFailure(image: ScannedImage, scan: Scan): Promise<Scan> {
    const started = await ask(image);
    if (started === 'begun')
      throw new ScanPendingError(`ECR scans ${nameOf(image)} a second time, as the first scan failed.`);
    if (started !== 'too-early') return scan;
    const reason = `${scan.reason}, and scans an image once in 24 hours: build again tomorrow, or change the image`;
    return { ...scan, reason };
  }

  /** An image that was built before, byte for byte, has the findings of its first push; much may be known of it since. */
  async function upToDate(image: ScannedImage, scan: Scan): Promise<Scan> {
    const age = now() - Date.parse(scan.completedAt ?? '');
    // Inspector looks again by itself at an image that it watches.
    if (scan.status === 'ACTIVE' || age <= dayMilliseconds) return scan;
    const started = await ask(image);
    if (typeof started === 'object') return started;
    if (started === 'begun') throw new ScanPendingError(`ECR is scanning ${nameOf(image)} again.`);
    // Inspector was told to scan on push only. For basic scanning the day since the last scan may be up any minute; if it was up long
    // ago, the account has had all its scans of today.
    if (started === 'enhanced' || age <= 2 * dayMilliseconds) return scan;
    const day = scan.completedAt?.slice(0, 10);
    return {
      ...scan,
      state: 'failed',
      reason: `The last scan is of ${day}, and ECR begins no other one today: build again tomorrow`,
    };
  }

  return {
    /**
     * Asks for a scan. ECR scans an image once in 24 hours, its push included, and none where Inspector does it: `refused`. A scan is
     * the answer where none will ever come.
     */
    async start(image: ScannedImage): Promise<'begun' | 'refused' | Scan> {
      const answer = await ask(image);
      return answer === 'too-early' || answer === 'enhanced' ? 'refused' : answer;
    },

    /** What is known at this moment. Nothing is begun, and nothing waited for. */
    async read(image: ScannedImage): Promise<ImageReading> {
      try {
        return await readScan(image);
      } catch (error) {
        if (error instanceof ScanNotFoundException)
          return { state: 'none', reason: `ECR has no scan of ${nameOf(image)} yet.` };
        if (error instanceof ImageNotFoundException || error instanceof RepositoryNotFoundException)
          return { state: 'gone', reason: `${nameOf(image)} is not in the registry any more.` };
        if (isPassing(error)) return { state: 'pending', reason: silence(error) };
        throw error;
      }
    },

    /**
     * The scan of an image that was just pushed; asks for one where there is none, or an old one only.
     * @throws ScanPendingError until the scan has ended, with what is waited for
     */
    async scanOf(image: ScannedImage): Promise<Scan> {
      try {
        return await current(image);
      } catch (error) {
        if (isPassing(error)) throw new ScanPendingError(silence(error), { cause: error });
        throw error;
      }
    },

    /** The image's size in the registry, in bytes. */
    async sizeOf({ repository, digest }: ScannedImage): Promise<number | undefined> {
      const { imageDetails } = await client.send(
        new DescribeImagesCommand({ repositoryName: repository, imageIds: [{ imageDigest: digest }] }),
      );
      return imageDetails?.[0]?.imageSizeInBytes;
    },
  };
}

export type ImageScans = ReturnType<typeof createImageScans>;

export const openImageScans = once(() => createImageScans(ecrClient(), new Inspector2Client({})));

/** What is waited for where there is no scan, and ECR was asked for one. */
const absence = {
  begun: (name) => `ECR begins to scan ${name}.`,
  'too-early': (name) =>
    `ECR has no scan of ${name} and begins none: the image, or the account, has had all its scans of 24 hours.`,
  enhanced: (name) =>
    `Inspector has not taken notice of ${name}; if this goes on, see whether a filter of the registry's enhanced scanning covers the repository.`,
} as const satisfies Record<'begun' | Refusal, (name: string) => string>;

/** The registry is in trouble, or has too many callers: it is asked again as if the scan went on. */
function isPassing(error: unknown): error is ServiceError {
  return (
    (error instanceof ECRServiceException || error instanceof Inspector2ServiceException) &&
    (error.$fault === 'server' || /Throttl|TooManyRequests/.test(error.name))
  );
}
type ServiceError = ECRServiceException | Inspector2ServiceException;

const silence = (error: ServiceError): string => `ECR did not answer (${told(error.message)}).`;
