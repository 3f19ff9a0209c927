/** The process of `run-build.ts`: does what the builder's program does for each build that it is sent, but for the engine's work. */
import { setTimeout as delay } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { resolveBases } from '../../builder/bases.ts';
import { BuildSession } from '../../builder/build-session.ts';
import { BuildLog } from '../../builder/log.ts';
import { Records } from '../../builder/records.ts';
import { Redaction } from '../../builder/redaction.ts';
import type { Base, BuildRequest, BuildResult } from '../../core/model/builder-contract.ts';
import { scannerNames, scannerReportsSchema } from '../../core/scanners/report.ts';
import { listVariable, variable } from '../../services/environment.ts';
import { openOutcomes } from './outcomes.ts';
import { pushImage } from './push-image.ts';

export interface BuildOrder {
  build: string;
  token: string;
}

export interface BuildAnswer {
  build: string;
  isBuilt: boolean;
}

const outcomeOf = openOutcomes(process.argv[2] ?? '');
const functionName = variable('CREDENTIALS_FUNCTION');
const bucket = variable('RECORDS_BUCKET');
const privateHosts = listVariable('PRIVATE_HOSTS');
/** All commits of a stand-in are of one time, as its images are of one content. */
const committedAt = '2026-01-01T00:00:00.000Z';

async function run({ build, token }: BuildOrder): Promise<boolean> {
  const redaction = new Redaction();
  const session = new BuildSession({ functionName, build, token, redaction });
  const client = new S3Client({ credentials: session.credentials });
  const records = new Records(client, bucket, build);
  const log = new BuildLog({
    redaction,
    console: () => undefined,
    store: (part, text, firstLine) => records.storeLogPart(part, text, firstLine),
  });
  try {
    const result = await builtFrom(await records.request(), { session, records, log });
    await log.close();
    await records.storeResult(result);
    return result.outcome === 'built';
  } finally {
    client.destroy();
  }
}

interface Parts {
  session: BuildSession;
  records: Records;
  log: BuildLog;
}

async function builtFrom(request: BuildRequest, { session, records, log }: Parts): Promise<BuildResult> {
  const { seconds, bytes, bases: names, failure } = outcomeOf(request.project);
  const { signal } = new AbortController();
  using registry = await session.registry(signal);
  log.heading('bases');
  const search = { own: registry, repositoryPrefix: request.repositoryPrefix, privateHosts, pullThrough: {}, signal };
  const isOwn = (name: string) => !/^[^/]*[.:][^/]*\//.test(name);
  const found = await resolveBases(names.filter(isOwn), search);
  if (found.failures.length > 0) throw found.failures[0];
  const bases: Base[] = found.bases.map(({ pinned: _, ...base }) => base);
  for (const { reference, digest } of bases) log.line(`${reference} is ${digest}`);
  log.heading('build');
  await delay(1000 * seconds);
  if (failure !== undefined) {
    log.line(failure);
    return { outcome: 'failed', error: 'DockerfileFailedError', message: failure, bases };
  }
  log.heading('push');
  const labels = {
    ...request.labels,
    'org.opencontainers.image.revision': request.source.commit,
    'org.opencontainers.image.base.digest': bases.map(({ digest }) => digest).join(' '),
  };
  const digest = await pushImage({ registry, repository: request.candidate, tag: request.id, labels, bytes });
  log.line(`${request.candidate}@${digest}`);
  await records.storePackages({ version: 1, contents: { state: 'none' } });
  const nothing = { state: 'not-applicable', findings: [], total: 0, seconds: 0 };
  const reports = scannerNames.map((scanner) => ({ scanner, ...nothing }));
  await records.storeScanners(scannerReportsSchema.parse({ version: 1, reports }));
  log.heading('done');
  return { outcome: 'built', digest, commit: request.source.commit, committedAt, bases, engine: 'Stand-in' };
}

process.on('message', async (order: BuildOrder) => {
  const isBuilt = await run(order).catch((error: Error) => {
    process.stderr.write(`stand-in: ${order.build}: ${error.stack}\n`);
    return false;
  });
  process.send?.({ build: order.build, isBuilt } satisfies BuildAnswer);
});
process.on('disconnect', () => process.exit());
