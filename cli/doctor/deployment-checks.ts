import { BatchGetProjectsCommand } from '@aws-sdk/client-codebuild';
import { DescribePullThroughCacheRulesCommand } from '@aws-sdk/client-ecr';
import * as z from 'zod';
import { type ApiBuild, apiBuildListSchema, apiBuildSchema } from '../../core/api/builds.ts';
import { describeDuration, exactTime } from '../../core/builds/describe-build.ts';
import { createApi } from '../deployment/api.ts';
import type { Account } from './account.ts';
import { type CheckResult, ok, unknown, warning, wrong } from './check-result.ts';

/**
 * CloudFormation says what it found when it was last asked to look for drift, or that it never was.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackDriftInformation.html
 */
export async function stackDrift({ stackOf, stackName }: Account): Promise<CheckResult> {
  const drift = (await stackOf(stackName))?.drift;
  const detect = `aws cloudformation detect-stack-drift --stack-name ${stackName}, and call slipway doctor again after some minutes`;
  if (drift === undefined) return { state: 'not-applicable', text: 'The endpoint is not AWS: it knows no drift.' };
  if (drift === 'IN_SYNC') return ok('The stack was as its template says when it was last compared.');
  if (drift !== 'DRIFTED') return unknown('The stack was not yet compared with its template.', detect);
  return warning(
    'Somebody has changed resources of the stack by hand.',
    `See what: aws cloudformation describe-stack-resource-drifts --stack-name ${stackName} --stack-resource-drift-status-filters MODIFIED DELETED; put it back: npx cdk deploy --revert-drift`,
  );
}

const pullThroughSchema = z.record(z.string(), z.string());

/** What to say of builds in another account; undefined if they are in this one. */
export function buildsElsewhere({ stackName, outputs }: Account): CheckResult | undefined {
  const account = outputs.BuildsAccount;
  if (account === undefined) return undefined;
  const text = `Builds run in the account ${account}.`;
  return { state: 'not-applicable', text, fix: `With its credentials: npx slipway doctor --stack ${stackName}Builds` };
}

/** Without a cache, builds pull from public registries under addresses that they share with other customers, and their limits. */
export async function registryLimits(account: Account): Promise<CheckResult> {
  const elsewhere = buildsElsewhere(account);
  if (elsewhere) return elsewhere;
  const { codeBuild, ecr, output } = account;
  const { projects = [] } = await codeBuild.send(
    new BatchGetProjectsCommand({ names: [output('BuilderProjectName')] }),
  );
  const variables = projects[0]?.environment?.environmentVariables ?? [];
  const text = variables.find(({ name }) => name === 'PULL_THROUGH')?.value ?? '{}';
  const prefixes = pullThroughSchema.parse(JSON.parse(text));
  const docs = 'docs/operations.md has the commands for a pull-through cache, and the key "build.pullThrough"';
  if (prefixes['docker.io'] === undefined) {
    return warning('Base images of Docker Hub are pulled without an account, 100 in six hours for an address.', docs);
  }
  const { pullThroughCacheRules = [] } = await ecr.send(new DescribePullThroughCacheRulesCommand({}));
  const ruled = new Set(pullThroughCacheRules.map(({ ecrRepositoryPrefix }) => ecrRepositoryPrefix));
  const missing = Object.values(prefixes).filter((prefix) => !ruled.has(prefix));
  if (missing.length === 0) return ok(`Base images come through ECR: ${Object.keys(prefixes).join(', ')}.`);
  return wrong(`ECR has no pull-through cache rule for ${missing.join(', ')}: builds cannot pull their bases.`, docs);
}

/** AWS refuses signatures that are older. https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
const refusedMilliseconds = 5 * 60_000;
const noticedMilliseconds = 30_000;

export async function clock({ output }: Account): Promise<CheckResult> {
  const answer = await fetch(`${output('SiteUrl')}/healthz`, { method: 'HEAD', signal: AbortSignal.timeout(10_000) });
  const there = Date.parse(answer.headers.get('date') ?? '');
  if (Number.isNaN(there)) return unknown('The pages do not say what time it is.');
  const difference = Math.abs(Date.now() - there);
  const text = `The clock of this machine differs from AWS's by ${describeDuration(difference)}`;
  const fix = 'Have it set over the network: timedatectl set-ntp true';
  if (difference > refusedMilliseconds) return wrong(`${text}: AWS refuses calls from here.`, fix);
  if (difference > noticedMilliseconds) return warning(`${text}.`, fix);
  return ok('The clock of this machine is right.');
}

const listSchema = apiBuildListSchema.extend({
  items: apiBuildSchema.pick({ project: true, cause: true, createdAt: true }).array(),
});
const reported: readonly ApiBuild['cause']['type'][] = ['push', 'pull-request'];

/** A change that no event reported is found by the watch of sources, which is slower. */
export async function webhookDeliveries({ output }: Account): Promise<CheckResult> {
  const { items = [] } = (await createApi(output('SiteUrl')).read('builds?limit=100', listSchema)) ?? {};
  const last = items.find(({ cause }) => reported.includes(cause.type));
  const unreported = items.find(({ cause }) => cause.type === 'source-moved');
  if (unreported && (!last || unreported.createdAt > last.createdAt)) {
    return warning(
      `The last change, of ${unreported.project} at ${exactTime(unreported.createdAt)}, was found without an event of its git host.`,
      'Set its webhook up again: npx slipway webhook add OWNER/REPO; the host lists its deliveries with the answers',
    );
  }
  if (last) return ok(`The last event came at ${exactTime(last.createdAt)}, for ${last.project}.`);
  return unknown('No event of a git host has started a build yet.', 'npx slipway webhook add OWNER/REPO, then push');
}
