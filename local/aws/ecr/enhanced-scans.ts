import { z } from 'zod';
import { arnOf, type RegistryContext } from '../../registry/exchange.ts';
import type { StoredImage } from '../../registry/images.ts';
import { failures } from '../../scanner/scanner.ts';
import type { Coverage, InspectedImages } from '../inspector.ts';
import { pageOf, seconds } from './input.ts';
import {
  asAnswer,
  asEvent,
  asListed,
  type Changes,
  changesOf,
  type FindingStatus,
  imageArn,
  type KeptFinding,
  keptFindingsSchema,
  severityOfInspector,
} from './inspector-findings.ts';
import { isIndex, type ScanImage } from './scan-image.ts';
import type { ScanFrequency, ScanningConfiguration } from './scanning-configuration.ts';

/** Inspector has registered the image, scans it for the first time, and has scanned it; or what kept it from scanning. */
const rowSchema = z.object({
  repository: z.string(),
  digest: z.string(),
  status: z.enum(['PENDING', 'SCANNING', 'SCANNED', ...failures]),
  description: z.string().nullable(),
  completed_at: z.number().nullable(),
  source_updated_at: z.number().nullable(),
  findings: z.string().transform((text) => keptFindingsSchema.parse(JSON.parse(text))),
});
type Row = z.infer<typeof rowSchema>;

/**
 * Inspector scans older images only when they are pushed again.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-troubleshooting.html
 */
const recognised = 30 * 24 * 60 * 60 * 1000;

/** Enhanced scanning: Inspector scans an image after its push, and under continuous scanning again whenever more is known. */
export function createEnhancedScans(
  context: RegistryContext,
  configuration: ScanningConfiguration,
  scanImage: ScanImage,
) {
  const { account, registry } = context;
  const { database } = account;
  const select = database.prepare('select * from ecr_enhanced_scan where repository = ? and digest = ?');
  const selectAll = database.prepare('select * from ecr_enhanced_scan order by repository, digest');
  const selectDue = database.prepare('select * from ecr_enhanced_scan where due = 1 order by rowid limit 1');
  const notice = database.prepare(`
    insert into ecr_enhanced_scan (repository, digest, status, due) values (?, ?, 'PENDING', 1) on conflict do nothing`);
  const begin = database.prepare(`
    update ecr_enhanced_scan set due = 0, status = case status when 'PENDING' then 'SCANNING' else status end
      where repository = ? and digest = ?`);
  const end = database.prepare(`
    update ecr_enhanced_scan set status = ?, description = ?, completed_at = ?, source_updated_at = ?, findings = ?
      where repository = ? and digest = ?`);
  const resume = database.prepare("update ecr_enhanced_scan set due = 1 where status = 'SCANNING'");
  const selectRepositories = database.prepare(
    "select distinct repository from ecr_enhanced_scan where status in ('SCANNING', 'SCANNED')",
  );
  const scanAgain = database.prepare(
    "update ecr_enhanced_scan set due = 1 where repository = ? and status in ('SCANNING', 'SCANNED')",
  );

  let isStarted = false;
  let working: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    for (let row = selectDue.get(); isWorking() && row !== undefined; row = selectDue.get()) {
      const scan = rowSchema.parse(row);
      const image = registry.images.byDigest(scan.repository, scan.digest);
      if (image !== undefined) await runScan(image, scan);
    }
  };
  const isWorking = () => isStarted && configuration.isEnhanced();

  const runScan = async (image: StoredImage, { status, findings: before }: Row): Promise<void> => {
    const { repository, digest } = image;
    begin.run(repository, digest);
    const outcome = await scanImage(image, 'languages-too');
    // The machine stops: the next start scans again.
    if (!isStarted) return;
    const isFirst = status === 'PENDING' || status === 'SCANNING';
    if (outcome.status !== 'COMPLETE') {
      // What was known of the image stays known.
      if (isFirst) end.run(outcome.status, outcome.reason, null, null, '[]', repository, digest);
      account.log('inspector', `scan of ${repository}@${digest}: ${outcome.status}, ${outcome.reason}`);
      return;
    }
    const now = Date.now();
    const changes = changesOf(account, image, before, outcome.findings, now);
    const kept = JSON.stringify(changes.kept);
    const ended = end.run('SCANNED', null, now, outcome.sourceUpdatedAt ?? now, kept, repository, digest);
    // The image may have been deleted in the meantime.
    if (ended.changes === 0) return;
    account.log(
      'inspector',
      `scan of ${repository}@${digest}: ${changes.kept.length} findings, ${changes.changed.length} new`,
    );
    tell(image, changes, isFirst);
  };

  const tell = (image: StoredImage, { kept, changed, closed }: Changes, isFirst: boolean): void => {
    const { repository, digest } = image;
    const tags = registry.images.tagsOf(repository, digest);
    const emitFinding = (finding: KeptFinding, status: FindingStatus) =>
      account.emit({
        source: 'aws.inspector2',
        'detail-type': 'Inspector2 Finding',
        resources: [imageArn(account, image)],
        detail: asEvent({ account, image, tags, finding, status }),
      });
    for (const finding of changed) emitFinding(finding, 'ACTIVE');
    for (const finding of closed) emitFinding(finding, 'CLOSED');
    if (!isFirst) return;
    account.emit({
      source: 'aws.inspector2',
      'detail-type': 'Inspector2 Scan',
      resources: [arnOf(account, repository)],
      detail: {
        'scan-status': 'INITIAL_SCAN_COMPLETE',
        'repository-name': arnOf(account, repository),
        'finding-severity-counts': { ...countsOf(kept), TOTAL: kept.length },
        'image-digest': digest,
        'image-tags': tags,
      },
    });
  };

  const wake = (): void => {
    if (!isWorking() || working !== undefined) return;
    working = work().finally(() => {
      working = undefined;
    });
    working.catch((error: unknown) => account.log('inspector', `scans: ${error}`));
  };

  const frequencyOf = (name: string) => {
    const repository = registry.repositories.find(name);
    return repository === undefined ? 'MANUAL' : configuration.frequencyOf(repository);
  };

  /** More is known, or may be. */
  const recordsChanged = (): void => {
    for (const { repository } of selectRepositories.all()) {
      if (frequencyOf(String(repository)) === 'CONTINUOUS_SCAN') scanAgain.run(String(repository));
    }
    wake();
  };

  return {
    recordsChanged,

    pushed(repository: string, image: StoredImage): void {
      if (frequencyOf(repository) === 'MANUAL' || isIndex(image)) return;
      notice.run(repository, image.digest);
      wake();
    },

    /** Inspector takes notice of the images that are there, too. */
    configured(): void {
      if (!configuration.isEnhanced()) return;
      for (const { name } of registry.repositories.page('', -1)) {
        if (frequencyOf(name) === 'MANUAL') continue;
        for (const { digest, pushedAt } of registry.images.digests(name)) {
          const image = registry.images.byDigest(name, digest);
          const isRecognised = image !== undefined && pushedAt > Date.now() - recognised && !isIndex(image);
          if (isRecognised) notice.run(name, digest);
        }
      }
      wake();
    },

    start(): void {
      isStarted = true;
      resume.run();
      recordsChanged();
    },

    async stop(): Promise<void> {
      isStarted = false;
      await working;
    },

    inspected: {
      coverage: () =>
        selectAll.all().flatMap((row): Coverage[] => {
          const { repository, digest, status, completed_at: completedAt } = rowSchema.parse(row);
          const image = registry.images.byDigest(repository, digest);
          if (image === undefined) return [];
          const lastScannedAt = completedAt ?? undefined;
          const resourceId = imageArn(account, image);
          return [{ resourceId, repository, digest, lastScannedAt, ...coverageOf(status, frequencyOf(repository)) }];
        }),
      findings: () =>
        selectAll.all().flatMap((row) => {
          const { repository, digest, findings } = rowSchema.parse(row);
          const image = registry.images.byDigest(repository, digest);
          if (image === undefined) return [];
          const tags = registry.images.tagsOf(repository, digest);
          return findings.map((finding) => ({
            ...asListed({ account, image, tags, finding, status: 'ACTIVE' }),
            image: { repository, digest },
          }));
        }),
    } satisfies InspectedImages,

    /** What DescribeImageScanFindings says; undefined for an image of which Inspector has taken no notice. */
    describe(image: StoredImage, page: { nextToken?: string | undefined; maxResults?: number | undefined }) {
      const { repository, digest } = image;
      const row = select.get(repository, digest);
      const frequency = frequencyOf(repository);
      if (row === undefined || frequency === 'MANUAL') return undefined;
      const {
        status,
        description,
        completed_at: completedAt,
        source_updated_at: updatedAt,
        findings,
      } = rowSchema.parse(row);
      if (status === 'PENDING') {
        return {
          imageScanStatus: { status, description: 'Pending start of the image scan.' },
          imageScanFindings: { findings: [], enhancedFindings: [] },
        };
      }
      if (status !== 'SCANNING' && status !== 'SCANNED') {
        return { imageScanStatus: { status, description: description ?? undefined } };
      }
      const imageScanStatus =
        frequency === 'CONTINUOUS_SCAN'
          ? { status: 'ACTIVE', description: 'Continuous scan is selected for image.' }
          : { status: 'COMPLETE', description: 'The scan was completed successfully.' };
      // So it is queried until there are findings. https://github.com/aws/aws-sdk/issues/289
      if (status === 'SCANNING' || completedAt === null)
        return { imageScanStatus, imageScanFindings: { findings: [] } };
      // A clean image has no counts, like one whose findings are still to come. Only Inspector can tell them apart.
      if (findings.length === 0)
        return { imageScanStatus, imageScanFindings: { findings: [], imageScanCompletedAt: seconds(completedAt) } };
      const tags = registry.images.tagsOf(repository, digest);
      const { items, ...next } = pageOf(findings, ({ arn }) => arn, page);
      return {
        imageScanStatus,
        imageScanFindings: {
          enhancedFindings: items.map((finding) => asAnswer({ account, image, tags, finding, status: 'ACTIVE' })),
          imageScanCompletedAt: seconds(completedAt),
          vulnerabilitySourceUpdatedAt: seconds(updatedAt ?? completedAt),
          findingSeverityCounts: countsOf(findings),
        },
        ...next,
      };
    },
  };
}

/** https://docs.aws.amazon.com/inspector/v2/APIReference/API_ScanStatus.html */
function coverageOf(status: Row['status'], frequency: ScanFrequency): Pick<Coverage, 'statusCode' | 'reason'> {
  switch (status) {
    case 'PENDING':
    case 'SCANNING':
      return { statusCode: 'ACTIVE', reason: 'PENDING_INITIAL_SCAN' };
    case 'SCANNED':
      return frequency === 'CONTINUOUS_SCAN'
        ? { statusCode: 'ACTIVE', reason: 'SUCCESSFUL' }
        : {
            statusCode: 'INACTIVE',
            reason: frequency === 'MANUAL' ? 'SCAN_FREQUENCY_MANUAL' : 'SCAN_FREQUENCY_SCAN_ON_PUSH',
          };
    case 'UNSUPPORTED_IMAGE':
      return { statusCode: 'INACTIVE', reason: 'UNSUPPORTED_OS' };
    case 'SCAN_ELIGIBILITY_EXPIRED':
    case 'IMAGE_ARCHIVED':
      return { statusCode: 'INACTIVE', reason: status };
    default:
      return { statusCode: 'INACTIVE', reason: 'INTERNAL_ERROR' };
  }
}

function countsOf(findings: KeptFinding[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { packages } of findings) {
    const severity = severityOfInspector(packages[0]?.severity ?? 'UNDEFINED');
    counts[severity] = (counts[severity] ?? 0) + 1;
  }
  return counts;
}
