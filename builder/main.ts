import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { buildkitArchive } from '../core/builds/archived-image.ts';
import type { BuildResult } from '../core/model/builder-contract.ts';
import { platformSchema } from '../core/model/platform.ts';
import { isPermitted, listVariable, optionalVariable, recordVariable, variable } from '../services/environment.ts';
import { type BuildOptions, build } from './build.ts';
import { BuildSession } from './build-session.ts';
import { BuildError, BuildStoppedError, BuildTimeoutError } from './errors.ts';
import { BuildLog } from './log.ts';
import { Records } from './records.ts';
import { Redaction } from './redaction.ts';
import { recordSteps } from './steps.ts';

/** Files of a checkout get the same permissions on every machine, so that the image does. */
process.umask(0o022);

const prebuildImage = variable('PREBUILD_IMAGE');
const privateHosts = listVariable('PRIVATE_HOSTS');
const buildkit = {
  image: variable('BUILDKIT_IMAGE'),
  archive: join(import.meta.dirname, buildkitArchive),
};
/** Set by whoever runs one machine for projects of their own: `npm run local -- --trust-builds`. */
const trustsBuilds = isPermitted('TRUST_BUILDS');
const pullThrough = recordVariable('PULL_THROUGH');
const secretsPrefix = variable('BUILD_SECRETS_PREFIX');
/** Set where the build is for several platforms, and this is the machine of one. */
const platform = platformSchema.optional().parse(optionalVariable('PLATFORM'));
const redaction = new Redaction();
const session = new BuildSession({
  functionName: variable('CREDENTIALS_FUNCTION'),
  build: variable('BUILD_ID'),
  token: variable('BUILD_TOKEN'),
  redaction,
});
const client = new S3Client({ credentials: session.credentials });
const records = new Records(client, variable('RECORDS_BUCKET'), variable('BUILD_ID'), platform);
for (const name of ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN']) {
  redaction.add(process.env[name]);
}
const log = new BuildLog({
  redaction,
  console: (text) => process.stdout.write(text),
  store: (part, text, firstLine) => records.storeLogPart(part, text, firstLine),
  onStep: recordSteps((steps) => records.storeSteps(steps)),
});

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.once(signal, () => stop.abort(new BuildStoppedError()));

async function outcome(): Promise<BuildResult> {
  let known = {};
  try {
    const startedAt = Date.now() - 1000 * process.uptime();
    const request = await records.request();
    log.limit = request.logLimitBytes;
    const timeout = setTimeout(
      () => stop.abort(new BuildTimeoutError(request.timeoutSeconds)),
      startedAt + 1000 * request.timeoutSeconds - Date.now(),
    );
    const signal = AbortSignal.any([stop.signal, log.limitReached]);
    const onSource: BuildOptions['onSource'] = (authored) => {
      known = { ...known, authored };
    };
    const onBases: BuildOptions['onBases'] = (bases) => {
      known = { ...known, ...bases };
    };
    const onPackages: BuildOptions['onPackages'] = (packages) =>
      records.storePackages(packages).catch((error: unknown) => {
        // The image has been pushed, with or without a list of its packages.
        log.line(`The list of the packages could not be stored: ${String(error)}`);
      });
    const onScanners: BuildOptions['onScanners'] = (reports) => records.storeScanners(reports);
    return await build(request, {
      platform,
      prebuildImage,
      privateHosts,
      buildkit,
      trustsBuilds,
      pullThrough,
      secretsPrefix,
      redaction,
      log,
      session,
      signal,
      environment: process.env,
      onSource,
      onBases,
      onPackages,
      onScanners,
      keepSbom: (format, file) => records.storeSbom(format, file),
    }).finally(() => clearTimeout(timeout));
  } catch (error) {
    return { ...failure(error), ...known };
  }
}

function failure(error: unknown): BuildResult {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  log.heading('failed');
  log.line(`${name}:`);
  const text = error instanceof BuildError ? message : (stack ?? message);
  for (const line of text.split('\n')) log.line(line);
  return { outcome: 'failed', error: name, message: redaction.apply(message) };
}

async function main(): Promise<void> {
  const result = await outcome();
  if (result.outcome === 'built') log.heading('done');
  // Both are tried, even if one fails: a result without its log still ends the build.
  const stored = await Promise.allSettled([log.close(), records.storeResult(result)]);
  for (const { reason } of stored.filter((one) => one.status === 'rejected')) {
    process.stderr.write(`The build's record could not be stored: ${redaction.apply(String(reason))}\n`);
  }
  process.exit(result.outcome === 'built' && stored.every(({ status }) => status === 'fulfilled') ? 0 : 1);
}

void main();
