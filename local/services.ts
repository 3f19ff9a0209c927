import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OpenAccount } from './account.ts';
import { createApiGateway } from './aws/api-gateway/api-gateway.ts';
import { type CloudFormation, createCloudFormation } from './aws/cloudformation.ts';
import { createCloudwatch } from './aws/cloudwatch.ts';
import { type CodeBuildOptions, createCodeBuild } from './aws/codebuild/codebuild.ts';
import { createDynamodb } from './aws/dynamodb/dynamodb.ts';
import { createEcr, type EcrOptions } from './aws/ecr/ecr.ts';
import { createEcs } from './aws/ecs/ecs.ts';
import { createAwsEndpoint } from './aws/endpoint/endpoint.ts';
import { createEvents } from './aws/events/events.ts';
import { createIam } from './aws/iam/iam.ts';
import { createKms } from './aws/kms/kms.ts';
import { createLambda } from './aws/lambda/lambda.ts';
import { createLogs } from './aws/logs.ts';
import { createS3 } from './aws/s3/s3.ts';
import { createSecretsManager } from './aws/secrets-manager/secrets-manager.ts';
import type { Service } from './aws/service.ts';
import { createServiceQuotas } from './aws/service-quotas.ts';
import { createSes } from './aws/ses/ses.ts';
import { createSns } from './aws/sns.ts';
import { createSqs } from './aws/sqs/sqs.ts';
import { createSsm } from './aws/ssm/ssm.ts';
import { createStepFunctions } from './aws/step-functions/step-functions.ts';
import { createSts } from './aws/sts.ts';
import { createGitHost, type GitHost } from './git-host/git-host.ts';
import { createIdentityProvider } from './identity-provider/identity-provider.ts';
import { createInbox } from './inbox/inbox.ts';
import { createMailPages } from './inbox/mail-pages.ts';
import { createLiveLines } from './live-lines.ts';
import { type AssetFolders, createAssetFolders } from './template/assets.ts';

export interface ServicesOptions
  extends EcrOptions,
    Pick<CodeBuildOptions, 'concurrentBuilds' | 'engineEnvironment' | 'runBuild'> {
  gitHubToken: string;
  /** What people sign in with. */
  password: string;
}

export interface Services {
  readonly all: readonly Service[];
  readonly assets: AssetFolders;
  readonly gitHost: GitHost;
  readonly noteStack: CloudFormation['noteStack'];
  putFile(bucket: string, key: string, path: string): unknown;
  handle(request: IncomingMessage, response: ServerResponse): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes every service of the account and ties them together, behind one address. */
export function createServices(account: OpenAccount, options: ServicesOptions): Services {
  const assets = createAssetFolders(account);
  const lines = createLiveLines(account.log);
  const inbox = createInbox(account.database);
  const s3 = createS3(account);
  const lambda = createLambda(account, assets.folderOf, () => codeBuild.isBuilding());
  const events = createEvents(account, lambda);
  const codeBuild = createCodeBuild(account, {
    ...options,
    codeOf: assets.folderOf,
    onOutput: lines.buildOutput,
  });
  const states = createStepFunctions(account, { lambda, codeBuild });
  const ecr = createEcr(account, options);
  const api = createApiGateway(account, lambda);
  const cloudFormation = createCloudFormation(account);
  // Services that others depend on start before them and stop after them.
  const all: readonly Service[] = [
    createIam(account),
    createSts(account),
    cloudFormation,
    createLogs(account),
    createCloudwatch(account),
    createSecretsManager(account),
    createServiceQuotas(account, options),
    createKms(account),
    s3,
    createDynamodb(account),
    createSqs(account),
    createSes(account, inbox),
    createSns(account),
    ecr,
    ecr.inspector,
    createEcs(account, ecr),
    createSsm(account),
    api,
    events,
    codeBuild,
    states,
    lambda,
  ];
  account.connect({
    emit(event) {
      lines.event(event);
      events.emit(event);
    },
  });

  const gitHost = createGitHost({
    dataFolder: account.dataFolder,
    url: account.url,
    database: account.database,
    token: options.gitHubToken,
    password: options.password,
    log: (message) => account.log('git', message),
  });

  const endpoint = createAwsEndpoint(account, all);
  const mailPages = createMailPages(inbox);
  const routes: [RegExp, (request: IncomingMessage, response: ServerResponse) => unknown][] = [
    [/^\/aws(\/|\?|$)/, endpoint],
    [/^\/v2(\/|\?|$)/, ecr.handle],
    [/^\/(git|github)(\/|\?|$)/, gitHost.handle],
    [/^\/mail(\/|\?|$)/, mailPages],
    [/^\/oidc(\/|\?|$)/, createIdentityProvider({ url: account.url, password: options.password })],
  ];

  return {
    all,
    assets,
    gitHost,
    noteStack: cloudFormation.noteStack,
    putFile: (bucket, key, path) => s3.putFile(bucket, key, path),
    handle(request, response) {
      const handler = routes.find(([path]) => path.test(request.url ?? '/'))?.[1] ?? api.respond;
      Promise.resolve(handler(request, response)).catch((error: Error) => {
        // The client went away in the middle, or something is wrong here: either way this request is over.
        if (!request.destroyed)
          account.log('machine', `${request.method} ${request.url?.split('?')[0]}: ${error.stack}`);
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end();
      });
    },
    async start() {
      for (const service of all) await service.start?.();
    },
    async stop() {
      await gitHost.stop();
      for (const service of all.toReversed()) {
        // One that fails to stop must not keep the others from stopping.
        await Promise.resolve(service)
          .then((each) => each.stop?.())
          .catch((error: Error) => account.log('machine', `stopping ${service.signingName}: ${error.message}`));
      }
    },
  };
}
