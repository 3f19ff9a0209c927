import { z } from 'zod';
import { arnOf, type RegistryContext } from '../../registry/exchange.ts';
import type { StoredImage } from '../../registry/images.ts';
import type { Finding } from '../../scanner/finding.ts';
import { findingsSchema } from '../../scanner/record-scanner.ts';
import { failures } from '../../scanner/scanner.ts';
import { AwsError, operation, type Permission } from '../service.ts';
import { findImage, findRepository, permissionsFor } from './context.ts';
import type { createEnhancedScans } from './enhanced-scans.ts';
import { scanNotFound } from './errors.ts';
import { imageId, inRepository, pageOf, paging, seconds } from './input.ts';
import { countsOf, isIndex, type ScanImage } from './scan-image.ts';
import type { ScanningConfiguration } from './scanning-configuration.ts';

const day = 24 * 60 * 60 * 1000;

const scanSchema = z.object({
  repository: z.string(),
  digest: z.string(),
  status: z.enum(['IN_PROGRESS', 'COMPLETE', ...failures]),
  description: z.string().nullable(),
  started_at: z.number(),
  completed_at: z.number().nullable(),
  source_updated_at: z.number().nullable(),
  findings: z.string(),
});

type Scan = z.infer<typeof scanSchema>;

/** How the registry scans, and what does it. */
interface Scanning {
  configuration: ScanningConfiguration;
  enhanced: ReturnType<typeof createEnhancedScans>;
  scanImage: ScanImage;
}

/** Basic scanning, and the calls for both kinds: a requested scan is in the database until it has ended, so it continues after a restart. */
export function createScans(context: RegistryContext, { configuration, enhanced, scanImage }: Scanning) {
  const { account, registry } = context;
  const { database } = account;
  const select = database.prepare('select * from ecr_scan where repository = ? and digest = ?');
  const next = database.prepare(
    "select * from ecr_scan where status = 'IN_PROGRESS' order by started_at, rowid limit 1",
  );
  const begin = database.prepare(`
    insert into ecr_scan (repository, digest, status, started_at) values (?, ?, 'IN_PROGRESS', ?)
      on conflict do update set status = excluded.status, started_at = excluded.started_at, description = null`);
  const end = database.prepare(`
    update ecr_scan set status = ?, description = ?, completed_at = ?, source_updated_at = ?, findings = ?
      where repository = ? and digest = ?`);

  const find = (repository: string, digest: string): Scan | undefined => {
    const row = select.get(repository, digest);
    return row === undefined ? undefined : scanSchema.parse(row);
  };

  let isStarted = false;
  let working: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    for (let row = next.get(); isStarted && row !== undefined; row = next.get()) {
      const { repository, digest } = scanSchema.parse(row);
      const image = registry.images.byDigest(repository, digest);
      if (image !== undefined) await scan(image);
    }
  };

  const scan = async (image: StoredImage): Promise<void> => {
    const { repository, digest } = image;
    const outcome = await scanImage(image, 'distribution');
    // The machine stops: the next one scans from the beginning.
    if (!isStarted) return;
    const { status } = outcome;
    const findings = outcome.status === 'COMPLETE' ? outcome.findings : [];
    const description = outcome.status === 'COMPLETE' ? 'The scan was completed successfully.' : outcome.reason;
    const updatedAt = outcome.status === 'COMPLETE' ? (outcome.sourceUpdatedAt ?? null) : null;
    const ended = end.run(status, description, Date.now(), updatedAt, JSON.stringify(findings), repository, digest);
    // The image may have been deleted in the meantime.
    if (ended.changes === 0) return;
    account.log('ecr', `scan of ${repository}@${digest}: ${status}, ${findings.length} findings`);
    account.emit({
      source: 'aws.ecr',
      'detail-type': 'ECR Image Scan',
      resources: [arnOf(account, repository)],
      detail: {
        'scan-status': status,
        'repository-name': repository,
        'finding-severity-counts': countsOf(findings),
        'image-digest': digest,
        'image-tags': registry.images.tagsOf(repository, digest),
      },
    });
  };

  const wake = (): void => {
    if (!isStarted || working !== undefined) return;
    working = work().finally(() => {
      working = undefined;
    });
    working.catch((error: unknown) => account.log('ecr', `scans: ${error}`));
  };

  const isRecent = (scanned: Scan | undefined): boolean => (scanned?.started_at ?? 0) > Date.now() - day;

  return {
    /** What a push means for scans: one for each image a day, where the registry or the repository wants it. */
    pushed(name: string, digest: string): void {
      const repository = registry.repositories.find(name);
      const image = registry.images.byDigest(name, digest);
      if (repository === undefined || image === undefined) return;
      if (configuration.isEnhanced()) {
        enhanced.pushed(name, image);
        return;
      }
      const wantsScan = configuration.frequencyOf(repository) === 'SCAN_ON_PUSH';
      if (!wantsScan || isIndex(image) || isRecent(find(name, digest))) return;
      begin.run(name, digest, Date.now());
      wake();
    },

    start(): void {
      isStarted = true;
      wake();
    },

    async stop(): Promise<void> {
      isStarted = false;
      await working;
    },

    operations: {
      StartImageScan: operation({
        input: z.object({ ...inRepository, imageId }),
        permissions: permissionsFor(context, 'StartImageScan'),
        handle(input) {
          const { name } = findRepository(context, input);
          // https://github.com/alexjurkiewicz/ecr-scan-image/issues/44
          if (configuration.isEnhanced()) throw new AwsError('ValidationException', 'This feature is disabled');
          const image = findImage(context, name, input.imageId);
          if (isIndex(image)) {
            throw new AwsError(
              'UnsupportedImageTypeException',
              `The image with digest '${image.digest}' in the repository with name '${name}' is of a type that cannot be scanned: ${image.mediaType}`,
            );
          }
          if (isRecent(find(name, image.digest))) {
            throw new AwsError(
              'LimitExceededException',
              'The scan quota per image has been exceeded. Wait and try again.',
            );
          }
          begin.run(name, image.digest, Date.now());
          wake();
          return { ...identity(account.id, image, input.imageId.imageTag), imageScanStatus: { status: 'IN_PROGRESS' } };
        },
      }),

      DescribeImageScanFindings: operation({
        input: z.object({ ...inRepository, imageId, ...paging }),
        permissions: (input) => [
          ...permissionsFor(context, 'DescribeImageScanFindings')(input),
          ...(configuration.isEnhanced() ? inspector : []),
        ],
        handle(input) {
          const { name } = findRepository(context, input);
          const image = findImage(context, name, input.imageId);
          if (configuration.isEnhanced()) {
            const described = enhanced.describe(image, input);
            if (described === undefined) throw scanNotFound(input.imageId, name, account.id);
            return { ...identity(account.id, image, input.imageId.imageTag), ...described };
          }
          const found = find(name, image.digest);
          if (found === undefined) throw scanNotFound(input.imageId, name, account.id);
          const { status, description } = found;
          const answer = {
            ...identity(account.id, image, input.imageId.imageTag),
            imageScanStatus: { status, description: description ?? undefined },
          };
          if (status !== 'COMPLETE') return answer;
          const findings = findingsSchema.parse(JSON.parse(found.findings)) as Finding[];
          const { items, ...next } = pageOf(findings.map(shown), (finding) => finding.key, input);
          return {
            ...answer,
            imageScanFindings: {
              imageScanCompletedAt: seconds(found.completed_at ?? 0),
              vulnerabilitySourceUpdatedAt: seconds(found.source_updated_at ?? found.completed_at ?? 0),
              findings: items.map(({ key: _, ...finding }) => finding),
              findingSeverityCounts: countsOf(findings),
            },
            ...next,
          };
        },
      }),
    },
  };
}

/** ECR queries Inspector on the caller's behalf. https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html */
const inspector: Permission[] = ['inspector2:ListCoverage', 'inspector2:ListFindings'].map((action) => ({
  action,
  resource: '*',
}));

function identity(registryId: string, image: StoredImage, imageTag: string | undefined) {
  return {
    registryId,
    repositoryName: image.repository,
    imageId: { imageDigest: image.digest, imageTag },
  };
}

/** A finding as basic scanning gives it; no attribute has more than 256 characters. */
function shown(finding: Finding, index: number) {
  const { cvss } = finding;
  const attributes: [string, string | undefined][] = [
    ['package_version', finding.packageVersion],
    ['package_name', finding.packageName],
    ['fixed_in_version', finding.fixedVersion],
    [`CVSS${cvss?.version}_VECTOR`, cvss?.vector],
    [`CVSS${cvss?.version}_SCORE`, cvss?.score.toFixed(1)],
  ];
  return {
    key: String(index).padStart(9, '0'),
    name: finding.name,
    description: finding.description,
    uri: finding.uri,
    severity: finding.severity,
    attributes: attributes.flatMap(([key, value]) => (value ? [{ key, value: value.slice(0, 256) }] : [])),
  };
}
