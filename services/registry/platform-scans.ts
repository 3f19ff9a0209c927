import { Inspector2Client } from '@aws-sdk/client-inspector2';
import type { Scan } from '../../core/model/findings.ts';
import type { Platform, PlatformImage } from '../../core/model/platform.ts';
import { once } from '../../core/once.ts';
import { mergedScan } from '../../core/platforms/merged-scan.ts';
import type { ImageReading } from '../../core/releases/rescan.ts';
import type { ScannedImage } from '../../core/scanners/scan-event.ts';
import { ecrClient } from './ecr-client.ts';
import { createImageScans, type ImageScans } from './image-scans.ts';

interface Image extends ScannedImage {
  /** Those of an image index. */
  platforms?: readonly PlatformImage[] | undefined;
}

interface Answer<Value> {
  platform: Platform;
  value: Value;
}

/**
 * The scans of images and of image indexes. ECR scans no index, but each of its images.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html (UnsupportedImageTypeException)
 */
export function createPlatformScans(scans: ImageScans) {
  async function ofEach<Value>(
    { repository }: Image,
    platforms: readonly PlatformImage[],
    ask: (image: ScannedImage) => Promise<Value>,
  ): Promise<Answer<Value>[]> {
    const asked = platforms.map(async ({ platform, digest }) => ({
      platform,
      value: await ask({ repository, digest }),
    }));
    // One that has no answer yet keeps no other from being asked: their scans run side by side.
    await Promise.allSettled(asked);
    return Promise.all(asked);
  }

  return {
    async start(image: Image): Promise<'begun' | 'refused' | Scan> {
      if (!image.platforms) return scans.start(image);
      const answers = await ofEach(image, image.platforms, scans.start);
      if (answers.some(({ value }) => value === 'begun')) return 'begun';
      return answers.every(hasScan) ? merged(answers) : 'refused';
    },

    async read(image: Image): Promise<ImageReading> {
      if (!image.platforms) return scans.read(image);
      const answers = await ofEach(image, image.platforms, scans.read);
      const [unknown] = (['gone', 'pending', 'none'] as const).flatMap((state) =>
        answers.filter(({ value }) => value.state === state),
      );
      return unknown ? unknown.value : merged(answers.filter(hasScan));
    },

    /** @throws ScanPendingError until the scans of all images have ended */
    async scanOf(image: Image): Promise<Scan> {
      return image.platforms ? merged(await ofEach(image, image.platforms, scans.scanOf)) : scans.scanOf(image);
    },

    tagged: scans.tagged,
  };
}

const hasScan = (answer: Answer<string | ImageReading>): answer is Answer<Scan> =>
  typeof answer.value === 'object' && !['gone', 'pending', 'none'].includes(answer.value.state);

const merged = (answers: readonly Answer<Scan>[]): Scan =>
  mergedScan(answers.map(({ platform, value }) => ({ platform, scan: value })));

export type PlatformScans = ReturnType<typeof createPlatformScans>;

export const openPlatformScans = once(() =>
  createPlatformScans(createImageScans(ecrClient(), new Inspector2Client({}))),
);
