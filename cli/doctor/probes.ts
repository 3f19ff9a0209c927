import { BatchGetBuildsCommand, type Build, ListBuildsForProjectCommand } from '@aws-sdk/client-codebuild';
import { DescribeContinuousBackupsCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeImageScanFindingsCommand,
  DescribeImagesCommand,
  GetAccountSettingCommand,
  GetAuthorizationTokenCommand,
  paginateDescribeRepositories,
} from '@aws-sdk/client-ecr';
import { ListFindingsCommand } from '@aws-sdk/client-inspector2';
import { GetAccountCommand } from '@aws-sdk/client-sesv2';
import { GetExecutionHistoryCommand, ListExecutionsCommand } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { buildIdSchema } from '../../core/model/build-id.ts';
import { sbomFormats } from '../../core/model/builder-contract.ts';
import { bundleType } from '../../core/signing/bundle.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import { platformPattern } from '../../services/registry/finding-packages.ts';
import type { Account } from './account.ts';
import { type CheckResult, ok, unknown, wrong } from './check-result.ts';

/** How many builds and executions a probe reads at most. */
const mostRead = 50;
const requestMilliseconds = 15_000;
const noBuild = unknown('Nothing has been built yet.', 'Build a project, then probe again.');

async function latestBuilds({ codeBuild, output }: Account): Promise<Build[]> {
  const { ids = [] } = await codeBuild.send(
    new ListBuildsForProjectCommand({ projectName: output('BuilderProjectName'), sortOrder: 'DESCENDING' }),
  );
  if (ids.length === 0) return [];
  const { builds = [] } = await codeBuild.send(new BatchGetBuildsCommand({ ids: ids.slice(0, mostRead) }));
  return builds;
}

export async function buildVariables(account: Account): Promise<CheckResult> {
  const [build] = await latestBuilds(account);
  if (!build) return noBuild;
  const variable = build.environment?.environmentVariables?.find(({ name }) => name === 'BUILD_ID');
  return buildIdSchema.safeParse(variable?.value).success
    ? ok(`CodeBuild's answer about ${build.id} has its BUILD_ID.`)
    : wrong(`CodeBuild's answer about ${build.id} has no BUILD_ID: builds stay queued on their pages.`);
}

export async function queueEnd(account: Account): Promise<CheckResult> {
  const inQueue = (await latestBuilds(account)).filter(
    ({ buildStatus, phases = [] }) =>
      buildStatus === 'TIMED_OUT' && !phases.some(({ phaseType }) => phaseType === 'PROVISIONING'),
  );
  const [build] = inQueue;
  if (!build) return unknown('No build has left the queue because it waited for too long.');
  const queued = build.phases?.find(({ phaseType }) => phaseType === 'QUEUED');
  return queued?.phaseStatus === 'TIMED_OUT'
    ? ok(`The phase QUEUED of ${build.id} is TIMED_OUT.`)
    : wrong(`The phase QUEUED of ${build.id}, which never began, is ${queued?.phaseStatus}.`);
}

const causeSchema = z.object({ Build: z.object({ BuildStatus: z.string() }) });

export async function failureCause({ states, output }: Account): Promise<CheckResult> {
  const { executions = [] } = await states.send(
    new ListExecutionsCommand({ stateMachineArn: output('StateMachineArn'), maxResults: mostRead }),
  );
  for (const { executionArn } of executions) {
    const { events = [] } = await states.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 100 }));
    const failed = events.find(
      ({ taskFailedEventDetails }) =>
        taskFailedEventDetails?.resource?.includes('startBuild.sync') &&
        taskFailedEventDetails.error === 'States.TaskFailed',
    );
    if (!failed) continue;
    const cause = causeSchema.safeParse(parseJson(failed.taskFailedEventDetails?.cause ?? ''));
    return cause.success
      ? ok(`The cause of ${executionArn} has the build's status, ${cause.data.Build.BuildStatus}.`)
      : wrong(`The cause of ${executionArn} has no Build.BuildStatus: reasons of failures are not shown.`);
  }
  return unknown('No build has failed yet.', 'Push a Dockerfile with RUN false, then probe again.');
}

/** An image that was released, or a candidate. */
async function imageOf({ ecr, output }: Account, kind: 'release' | 'candidate') {
  const prefix = output('RepositoryPrefix');
  const candidates = `${prefix}candidate/`;
  for await (const { repositories = [] } of paginateDescribeRepositories({ client: ecr }, {})) {
    for (const { repositoryName = '' } of repositories) {
      const isWanted =
        repositoryName.startsWith(prefix) && repositoryName.startsWith(candidates) === (kind === 'candidate');
      if (!isWanted) continue;
      const { imageDetails = [] } = await ecr.send(
        new DescribeImagesCommand({ repositoryName, filter: { tagStatus: 'TAGGED' } }),
      );
      // The cache of a candidate's builds is not an image that is scanned.
      const digest = imageDetails.find(({ imageTags = [] }) => !imageTags.includes('cache'))?.imageDigest;
      if (digest !== undefined) return { repository: repositoryName, digest };
    }
  }
  return undefined;
}

async function registryRequest({ ecr }: Account, path: string, init: RequestInit): Promise<Response> {
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
  const { authorizationToken, proxyEndpoint } = authorizationData?.[0] ?? {};
  return fetch(new URL(path, proxyEndpoint), {
    ...init,
    headers: { ...init.headers, authorization: `Basic ${authorizationToken}` },
    signal: AbortSignal.timeout(requestMilliseconds),
  });
}

const noRelease = unknown('Nothing has been released yet.', 'Release a project, then probe again.');

export async function headLength(account: Account): Promise<CheckResult> {
  const image = await imageOf(account, 'release');
  if (!image) return noRelease;
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
  const path = `/v2/${image.repository}/manifests/${image.digest}`;
  const head = await registryRequest(account, path, { method: 'HEAD', headers: { accept } });
  const whole = await registryRequest(account, path, { headers: { accept } });
  const [said, is] = [head.headers.get('content-length'), (await whole.arrayBuffer()).byteLength];
  return Number(said) === is
    ? ok(`HEAD says the size of the manifest, ${is} bytes.`)
    : wrong(
        `HEAD says ${said ?? 'nothing'} of the size of a manifest of ${is} bytes: no SBOM can be put beside an image.`,
      );
}

const referrersSchema = z.object({ manifests: z.array(z.object({ artifactType: z.string().optional() })) });

export async function releaseReferrers(account: Account): Promise<CheckResult> {
  const image = await imageOf(account, 'release');
  if (!image) return noRelease;
  const answer = await registryRequest(account, `/v2/${image.repository}/referrers/${image.digest}`, {});
  const list = referrersSchema.safeParse(await answer.json().catch(() => undefined)).data;
  if (!list) return wrong(`The registry answers ${answer.status} to the list of referrers of ${image.repository}.`);
  const count = (types: readonly string[]) =>
    list.manifests.filter(({ artifactType = '' }) => types.includes(artifactType)).length;
  const [bundles, sboms] = [count([bundleType]), count(Object.values(sbomFormats))];
  return bundles > 0 && sboms > 0
    ? ok(`${image.repository} lists ${bundles} signed statements and ${sboms} SBOMs as referrers of its image.`)
    : unknown(
        `${image.repository} lists ${bundles} signed statements and ${sboms} SBOMs. See the warnings on the page of its build.`,
      );
}

export async function mountedLayers({ ecr }: Account): Promise<CheckResult> {
  const { value } = await ecr.send(new GetAccountSettingCommand({ name: 'BLOB_MOUNTING' }));
  return value === 'ENABLED' || value === 'DISABLED'
    ? ok(`The account's setting BLOB_MOUNTING is ${value}.`)
    : wrong(`The account's setting BLOB_MOUNTING is ${value}.`);
}

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html */
const scanStatuses = new Set([
  'IN_PROGRESS',
  'COMPLETE',
  'FAILED',
  'UNSUPPORTED_IMAGE',
  'ACTIVE',
  'PENDING',
  'SCAN_ELIGIBILITY_EXPIRED',
  'FINDINGS_UNAVAILABLE',
  'LIMIT_EXCEEDED',
  'IMAGE_ARCHIVED',
]);

export async function candidateScan(account: Account): Promise<CheckResult> {
  const image = await imageOf(account, 'candidate');
  if (!image) return noBuild;
  const { imageScanStatus, imageScanFindings } = await account.ecr.send(
    new DescribeImageScanFindingsCommand({ repositoryName: image.repository, imageId: { imageDigest: image.digest } }),
  );
  const status = imageScanStatus?.status ?? '';
  if (!scanStatuses.has(status))
    return wrong(`The scan of ${image.repository} has the status "${status}", which Slipway does not know.`);
  if (status === 'COMPLETE' && imageScanFindings?.findingSeverityCounts === undefined)
    return wrong(`The scan of ${image.repository} is COMPLETE and has no counts.`);
  return ok(`The scan of ${image.repository} is ${status}.`);
}

export async function platformNames({ inspector }: Account): Promise<CheckResult> {
  const { findings = [] } = await inspector.send(
    new ListFindingsCommand({
      filterCriteria: { resourceType: [{ comparison: 'EQUALS', value: 'AWS_ECR_CONTAINER_IMAGE' }] },
      maxResults: 100,
    }),
  );
  const names = new Set(
    findings
      .flatMap(({ resources = [] }) => resources)
      .flatMap(({ details }) => details?.awsEcrContainerImage?.platform ?? []),
  );
  if (names.size === 0) return unknown('Inspector has no findings in images.');
  const strange = [...names].filter((name) => !platformPattern.test(name));
  return strange.length === 0
    ? ok(`Inspector's platforms: ${[...names].join(', ')}.`)
    : wrong(
        `Platforms that Slipway does not read: ${strange.join(', ')}. VEX statements on their packages accept nothing.`,
      );
}

const tables = ['ProjectsTableName', 'BuildsTableName', 'BasesTableName', 'DeliveriesTableName'];

export async function tableShapes({ dynamo, output }: Account): Promise<CheckResult> {
  for (const name of tables) {
    const TableName = output(name);
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
    const indexes = Table?.GlobalSecondaryIndexes ?? [];
    if (Table?.TableStatus !== 'ACTIVE' || indexes.some(({ IndexStatus }) => IndexStatus !== 'ACTIVE'))
      return wrong(
        `${TableName} is ${Table?.TableStatus}, its indexes ${indexes.map(({ IndexStatus }) => IndexStatus)}.`,
      );
    const { ContinuousBackupsDescription } = await dynamo.send(new DescribeContinuousBackupsCommand({ TableName }));
    const restores = ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
    if (restores !== 'ENABLED') return wrong(`${TableName} cannot be set back to any second (${restores}).`);
  }
  return ok('The tables and their indexes are active, and can be set back to any second.');
}

export async function mailQuota({ ses }: Account): Promise<CheckResult> {
  const { SendQuota: { Max24HourSend: day, MaxSendRate: rate } = {} } = await ses.send(new GetAccountCommand({}));
  return typeof day === 'number' && typeof rate === 'number'
    ? ok(`SES sends ${day} mails a day, ${rate} a second.`)
    : wrong('SES tells no quota.');
}
