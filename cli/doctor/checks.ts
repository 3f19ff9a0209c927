import { BatchGetProjectsCommand } from '@aws-sdk/client-codebuild';
import { GetAccountSettingCommand, GetRegistryScanningConfigurationCommand } from '@aws-sdk/client-ecr';
import { GetAccountSettingsCommand } from '@aws-sdk/client-lambda';
import { GetAccountCommand, GetEmailIdentityCommand, NotFoundException } from '@aws-sdk/client-sesv2';
import { paginateListSubscriptionsByTopic } from '@aws-sdk/client-sns';
import { findAccountQuota } from '../../services/aws/account-quota.ts';
import type { Account } from './account.ts';
import { type CheckResult, isElsewhere, ok, unknown, warning, wrong } from './check-result.ts';
import { buildsElsewhere, clock, registryLimits, stackDrift, webhookDeliveries } from './deployment-checks.ts';
import { gitHostTokens, webhooks } from './git-host-checks.ts';
import { readSecret, restored } from './secret.ts';
import { signIn } from './sign-in-check.ts';

type Checks = Readonly<Record<string, (account: Account) => Promise<CheckResult>>>;

/** Those of the account that the stack is in: that of the pipeline, or of its builds (docs/accounts.md). */
export const checksOf = ({ outputs }: Account): Checks =>
  outputs.BuilderProjectName !== undefined && outputs.SiteUrl === undefined ? checksOfBuilds : checks;

/** What an account must have for Slipway to work, in the order in which one meets it. None changes anything. */
const checks: Checks = {
  bootstrap,
  stack,
  'stack-drift': stackDrift,
  'sender-identity': senderIdentity,
  'mail-sandbox': mailSandbox,
  operators,
  'webhook-secret': webhookSecret,
  'webhook-deliveries': webhookDeliveries,
  'git-host-tokens': gitHostTokens,
  webhooks,
  'sign-in': signIn,
  'build-quota': buildQuota,
  'function-concurrency': functionConcurrency,
  'image-scans': imageScans,
  'shared-layers': sharedLayers,
  'registry-limits': registryLimits,
  clock,
};

const checksOfBuilds: Checks = {
  bootstrap,
  stack,
  'stack-drift': stackDrift,
  operators,
  'build-quota': buildQuota,
};

async function bootstrap({ stackOf }: Account): Promise<CheckResult> {
  const toolkit = await stackOf('CDKToolkit');
  if (toolkit) return ok('The account is prepared for the CDK.');
  if (isElsewhere()) return { state: 'not-applicable', text: 'The endpoint is not AWS: nothing is prepared there.' };
  return wrong('The account and region are not prepared for the CDK.', 'npx cdk bootstrap');
}

async function stack({ stackOf, stackName }: Account): Promise<CheckResult> {
  const found = await stackOf(stackName);
  if (!found) return wrong(`There is no stack ${stackName}.`, 'npx cdk deploy, or name the stack with --stack');
  if (/^(?:ROLLBACK_|CREATE_FAILED|REVIEW_IN_PROGRESS)/.test(found.status)) {
    return wrong(
      `The first deployment of ${stackName} failed (${found.status}). CloudFormation cannot go on with it, and it left no data.`,
      `aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name ${stackName} && npx cdk deploy`,
    );
  }
  if (!/_COMPLETE$/.test(found.status) || /ROLLBACK/.test(found.status)) {
    return warning(
      `The stack ${stackName} is ${found.status}.`,
      'Read its events, correct the cause and deploy again: npx cdk deploy',
    );
  }
  return ok(`The stack ${stackName} is deployed (${found.status}).`);
}

async function senderIdentity({ ses, output }: Account): Promise<CheckResult> {
  const sender = output('Sender');
  const domain = sender.slice(sender.lastIndexOf('@') + 1);
  const labels = domain.split('.');
  const names = [sender, ...labels.slice(0, -1).map((_, at) => labels.slice(at).join('.'))];
  const states = await Promise.all(
    names.map((EmailIdentity) =>
      ses.send(new GetEmailIdentityCommand({ EmailIdentity })).catch((error: unknown) => {
        if (error instanceof NotFoundException) return undefined;
        throw error;
      }),
    ),
  );
  if (states.some((state) => state?.VerifiedForSendingStatus)) return ok(`SES sends mail from ${sender}.`);
  const unconfirmed = names[states.findIndex((state) => state !== undefined)];
  if (unconfirmed === sender)
    return wrong(
      `${sender} is not confirmed: no mail goes out.`,
      `Follow the link in the mail that SES sent to ${sender}. It is valid for 24 hours; another comes by: aws ses verify-email-identity --email-address ${sender}`,
    );
  if (unconfirmed !== undefined)
    return wrong(
      `The domain ${unconfirmed} of ${sender} is not confirmed: no mail goes out.`,
      `For each TOKEN of "aws sesv2 get-email-identity --email-identity ${unconfirmed} --query DkimAttributes.Tokens", enter in the DNS: TOKEN._domainkey.${unconfirmed} CNAME TOKEN.dkim.amazonses.com`,
    );
  return wrong(
    `SES has no identity for ${sender}: no mail goes out.`,
    `aws sesv2 create-email-identity --email-identity ${sender}`,
  );
}

async function mailSandbox({ ses }: Account): Promise<CheckResult> {
  const { ProductionAccessEnabled, SendingEnabled, SendQuota } = await ses.send(new GetAccountCommand({}));
  if (SendingEnabled === false)
    return wrong('SES has paused sending for the account.', 'See the SES console, Account dashboard.');
  if (ProductionAccessEnabled) return ok(`SES sends to everybody, ${SendQuota?.Max24HourSend} mails a day.`);
  return warning(
    `SES is in its sandbox: it sends only to confirmed addresses, ${SendQuota?.Max24HourSend ?? 200} mails a day.`,
    'Request production access in the SES console; until then confirm each recipient: aws sesv2 create-email-identity --email-identity ADDRESS',
  );
}

async function operators({ topics, output }: Account): Promise<CheckResult> {
  const waiting: string[] = [];
  let confirmed = 0;
  const TopicArn = output('OperatorsTopicArn');
  const subscribe = `aws sns subscribe --topic-arn ${TopicArn} --protocol email --notification-endpoint ADDRESS`;
  const pages = paginateListSubscriptionsByTopic({ client: topics }, { TopicArn });
  for await (const { Subscriptions = [] } of pages) {
    for (const { SubscriptionArn, Endpoint = '' } of Subscriptions) {
      if (SubscriptionArn?.startsWith('arn:')) confirmed += 1;
      else waiting.push(Endpoint);
    }
  }
  if (waiting.length > 0)
    return wrong(
      `Not confirmed, so not notified of alarms: ${waiting.join(', ')}.`,
      `Each follows the link in the mail "AWS Notification - Subscription Confirmation". It is valid for two days; deploying again does not repeat it: ${subscribe}`,
    );
  return confirmed > 0
    ? ok(`Notified of alarms: ${confirmed} of ${confirmed}.`)
    : wrong('Nobody is notified of alarms.', `Name "operators" in cdk.json, then npx cdk deploy; or ${subscribe}`);
}

async function webhookSecret(account: Account): Promise<CheckResult> {
  const SecretId = account.output('WebhookSecretArn');
  const value = await readSecret(account, SecretId);
  if (value === undefined)
    return wrong("The webhook's secret was deleted: every delivery is refused.", restored(SecretId));
  if (value.length >= 20) return ok("The webhook's secret is there.");
  return wrong(
    "The webhook's secret is too short: deliveries could be forged.",
    `aws secretsmanager put-secret-value --secret-id ${SecretId} --secret-string "$(openssl rand -hex 24)", then put it into each webhook`,
  );
}

const platforms: Readonly<Record<string, string>> = { ARM_CONTAINER: 'ARM', LINUX_CONTAINER: 'Linux' };

/** What a build runs on if the configuration does not say otherwise. */
const usualMachine = 'ARM/MEDIUM';

async function buildQuota(account: Account): Promise<CheckResult> {
  const { quotas } = account;
  const elsewhere = buildsElsewhere(account);
  if (elsewhere) return elsewhere;
  // The quota is better raised before the first deployment.
  const machine = account.isDeployed ? await machineOf(account) : usualMachine;
  if (machine === undefined)
    return wrong(
      `The CodeBuild project ${account.output('BuilderProjectName')} is not there: nothing is built.`,
      'See who deleted it in CloudTrail; the check stack-drift says how the stack is put back',
    );
  const quota = await findAccountQuota(quotas, machine);
  if (quota?.Value === undefined)
    return unknown(`Service Quotas does not list the builds that run at once on ${machine}.`);
  const raise = `aws service-quotas request-service-quota-increase --service-code codebuild --quota-code ${quota.QuotaCode} --desired-value 10`;
  if (quota.Value === 0) return wrong(`CodeBuild runs no build on ${machine}: the quota is 0.`, raise);
  if (quota.Value === 1) return warning(`CodeBuild runs one build at a time on ${machine}.`, raise);
  return ok(`CodeBuild runs ${quota.Value} builds at once on ${machine}.`);
}

/** Undefined where the project is not there. */
async function machineOf({ codeBuild, output }: Account): Promise<string | undefined> {
  const { projects = [] } = await codeBuild.send(
    new BatchGetProjectsCommand({ names: [output('BuilderProjectName')] }),
  );
  const [project] = projects;
  if (!project) return undefined;
  const { type = '', computeType = '' } = project.environment ?? {};
  return `${platforms[type] ?? type}/${computeType.replace('BUILD_GENERAL1_', '')}`;
}

/** New accounts have ten. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const fewFunctions = 100;

async function functionConcurrency({ lambda }: Account): Promise<CheckResult> {
  const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
  const limit = AccountLimit?.ConcurrentExecutions ?? 0;
  if (limit >= fewFunctions) return ok(`${limit} functions may run at once.`);
  return warning(
    `Only ${limit} functions may run at once: readers of the pages can keep deliveries from being received.`,
    'aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000',
  );
}

async function imageScans({ ecr, output }: Account): Promise<CheckResult> {
  const { scanningConfiguration } = await ecr.send(new GetRegistryScanningConfigurationCommand({}));
  if (scanningConfiguration?.scanType !== 'ENHANCED') return ok('ECR scans images itself (basic scanning).');
  const candidates = `${output('RepositoryPrefix')}candidate/`;
  const filters = (scanningConfiguration.rules ?? [])
    .filter(({ scanFrequency }) => scanFrequency !== 'MANUAL')
    .flatMap(({ repositoryFilters = [] }) => repositoryFilters.map(({ filter = '' }) => filter));
  if (filters.some((filter) => covers(filter, candidates)))
    return ok('Inspector scans the candidates (enhanced scanning).');
  return wrong(
    `Enhanced scanning is on, and no filter covers ${candidates}*: every build is blocked.`,
    'Add one with aws ecr put-registry-scanning-configuration; docs/operations.md has the command',
  );
}

/**
 * Whether a filter of the registry takes every repository that begins so. One without `*` takes the names that contain it.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
 */
function covers(filter: string, beginning: string): boolean {
  if (!filter.includes('*')) return beginning.includes(filter);
  // The names of repositories have no sign but the dot that means something in a pattern.
  const pattern = new RegExp(`^${filter.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  return ['a', 'z/z'].every((end) => pattern.test(`${beginning}${end}`));
}

async function sharedLayers({ ecr }: Account): Promise<CheckResult> {
  const { value } = await ecr.send(new GetAccountSettingCommand({ name: 'BLOB_MOUNTING' }));
  if (value === 'ENABLED') return ok('Releases share the layers of their candidates.');
  return warning(
    'ECR copies the layers of each release, which takes longer.',
    'aws ecr put-account-setting --name BLOB_MOUNTING --value ENABLED',
  );
}
