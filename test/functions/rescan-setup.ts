import type { Finding, Scan } from '../../core/model/findings.ts';
import type { PlatformImage } from '../../core/model/platform.ts';
import { defaultPolicy } from '../../core/model/policy.ts';
import type { ImageReading } from '../../core/releases/rescan.ts';
import { createRecordFindings } from '../../functions/record-findings.ts';
import { createNotifyFindings } from '../../functions/releases/notify-findings.ts';
import { createRescanImage } from '../../functions/releases/rescan-image.ts';
import { createRescanReleases } from '../../functions/rescan-releases.ts';
import { type CrashPoints, createCrashPoints } from './crash-points.ts';
import { setUpServices, silentLogger } from './services-setup.ts';

export const repository = 'slipway/demo/app';
export const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
export const hour = 3_600_000;
export const day = 24 * hour;

export function finding(id: string, over: Partial<Finding> = {}): Finding {
  return { id, severity: 'HIGH', package: 'openssl', installed: '3.0.1', ...over };
}

export function scanned(findings: Finding[], over: Partial<Scan> = {}): Scan {
  return { state: 'complete', findings, scanner: 'enhanced', ...over };
}

/** A registry with released images, the tables, and runs of the rescan at an hour that the test chooses. */
export async function setUpRescans(crashes: CrashPoints = createCrashPoints()) {
  const world = await setUpServices();
  const begun = new Date();
  let now = begun.getTime();
  /** What the registry has: by digest the tags, and what it says of the scan. */
  const images = new Map<string, { tags: string[]; reading: ImageReading }>();
  const started: string[] = [];
  const scanner = {
    read: async ({ digest }: { digest: string }): Promise<ImageReading> =>
      images.get(digest)?.reading ?? { state: 'gone', reason: 'It is not there' },
    /** Basic scanning: what is asked for is begun, once in 24 hours. */
    start: async ({ digest }: { digest: string }): Promise<'begun' | 'refused' | Scan> => {
      started.push(digest);
      const image = images.get(digest);
      if (image) image.reading = { state: 'pending', reason: 'ECR is scanning it.' };
      return 'begun';
    },
  };
  const tags = {
    of: async ({ digest }: { digest: string }) => images.get(digest)?.tags,
    isThere: async (_repository: string, tag: string) => [...images.values()].some((image) => image.tags.includes(tag)),
  };
  const releases = crashes.guard(world.releases);
  const records = crashes.guard(world.records);
  const shared = { records, releases, tags: crashes.guard(tags), policy: defaultPolicy };
  const rescan = createRescanReleases({
    projects: crashes.guard(world.projects),
    releases,
    rescan: createRescanImage({ ...shared, scans: crashes.guard(scanner) }),
    notify: createNotifyFindings({
      ...shared,
      mailer: crashes.guard(world.mailer),
      recipients: world.recipients,
      siteUrl: 'https://slipway.example.org',
      indexUrl: 'https://github.com/example/index',
      logger: silentLogger,
    }),
    logger: silentLogger,
  });
  const recordFindings = createRecordFindings({ releases: world.releases });

  return Object.assign(world, {
    images,
    started,
    scanner,
    now: () => new Date(now),
    pass(milliseconds: number): void {
      now += milliseconds;
    },

    /** An image that a project has released now, as its build's scan saw it. */
    async release(
      digest: string,
      atRelease: Scan | undefined,
      over: { tags?: string[]; project?: string; platforms?: PlatformImage[] } = {},
    ) {
      const { tags: named = ['latest'], project = 'demo/app:latest', platforms } = over;
      const build = digest.slice(7, 23);
      const every = [...named, `sha-${build}`, `build-20261121T010203Z-${build.slice(0, 7)}`];
      for (const image of images.values()) image.tags = image.tags.filter((tag) => !every.includes(tag));
      images.set(digest, { tags: every, reading: atRelease ?? scanned([]) });
      if (atRelease) world.scans.set(build, atRelease);
      const at = new Date(now).toISOString();
      await world.releases.record({ project, digest, build, tags: every, at, platforms }, repository);
    },

    /** What the scanner says of an image from now on. */
    find(digest: string, reading: ImageReading): void {
      const image = images.get(digest);
      if (image) image.reading = reading;
    },

    /** A run at this hour; it takes some minutes. */
    async run(project?: string) {
      now += 10 * 60_000;
      const until = new Date(now + 9 * 60_000);
      return rescan({ now: new Date(now), deadline: new Date(Date.now() + hour), until, project });
    },

    /** A week and a day go by, with four runs a day. */
    async week(): Promise<void> {
      for (let at = 0; at < 8 * 4; at += 1) {
        now += 6 * hour;
        await rescan({
          now: new Date(now),
          deadline: new Date(Date.now() + hour),
          until: new Date(now + 9 * 60_000),
        });
      }
    },

    event: (event: unknown) => recordFindings(event, new Date(now)),
    image: (digest: string, project = 'demo/app:latest') => world.releases.get({ project, digest }),
  });
}

/** https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html */
export const inspectorFinding = (digest: string, name = repository) => ({
  version: '0',
  'detail-type': 'Inspector2 Finding',
  source: 'aws.inspector2',
  resources: [],
  detail: {
    findingArn: 'arn:aws:inspector2:us-east-1:123456789012:finding/1',
    status: 'ACTIVE',
    severity: 'HIGH',
    resources: [
      {
        type: 'AWS_ECR_CONTAINER_IMAGE',
        details: { awsEcrContainerImage: { repositoryName: name, imageHash: digest, imageTags: ['latest'] } },
      },
    ],
  },
});
