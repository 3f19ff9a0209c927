import * as z from 'zod';
import { computeTypeSchema } from '../core/cost/prices.ts';
import { usualRecipients } from '../core/index/read-index.ts';
import { severities } from '../core/model/findings.ts';
import { type GitHost, type GitHostKind, gitHostKinds } from '../core/model/git-host.ts';
import { defaultPolicy, responses, unsignedResponses } from '../core/model/policy.ts';
import { type ScannerName, scannerNames } from '../core/model/scanner-names.ts';
import { expiredImages } from '../core/retention/retention-plan.ts';
import { allowedServiceSchema } from '../core/rollouts/allowed-service.ts';
import { loginSettingsSchema } from '../core/visibility/login-settings.ts';

/** Fewer days than CloudWatch offers, all of them valid there. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365] as const;
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .overwrite((url) => url.replace(/\/+$/, ''));
const accountId = z.string().regex(/^\d{12}$/, 'must be the number of an account, in quotes: twelve digits');
const mailAddress = z.email({ error: 'must be a mail address, such as slipway@example.org' });

const accountsSchema = z
  .strictObject({
    pipeline: accountId.describe('The account of the pipeline itself, where `accounts` names others.'),
    region: z
      .string()
      .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be a region, such as eu-central-1')
      .describe('The region of all these accounts.'),
    builds: accountId
      .optional()
      .describe(
        'The account of the machines that build, so that the code of strangers runs in none other (docs/accounts.md).',
      ),
    images: z
      .array(accountId)
      .default([])
      .describe('Accounts that get a role by which releases are copied to their registries (docs/accounts.md).'),
  })
  .superRefine(({ pipeline, builds, images }, context) => {
    const others = [...(builds === undefined ? [] : [builds]), ...images];
    if (others.includes(pipeline)) context.addIssue('must name other accounts than that of the pipeline');
    if (others.length === 0) context.addIssue('must name an account in `builds` or `images`, or not be there');
    if (new Set(images).size < images.length) context.addIssue('must name each account of `images` once');
  });

/** What an operator decides: the object `slipway` in the context of `cdk.json`. The descriptions are the table in docs/operations.md. */
const configSchema = z.strictObject({
  prefix: z
    .string()
    .regex(
      /^[A-Z][A-Za-z0-9]{0,19}$/,
      'must begin with a capital and have at most 20 letters and digits, such as Slipway',
    )
    .default('Slipway')
    .describe("The stack's name, and what the names of its alarms and its dashboard begin with."),
  repositoryPrefix: z
    .string()
    .regex(
      /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*$/,
      'must be empty or lower-case path segments that end in a slash, such as slipway/',
    )
    .default('slipway/')
    .describe('The prefix of the name of every image repository in ECR.'),
  sender: mailAddress.describe('The address that mail comes from.'),
  senderIdentity: z
    .enum(['new', 'existing'])
    .default('new')
    .describe(
      "`new`: the stack makes the sender's identity in SES, which sends a link to the address that must be clicked once. `existing`: the account has it already, or one of its domain; the stack leaves it alone.",
    ),
  operators: z
    .array(mailAddress)
    .min(1, 'must name at least one address')
    .describe('Who is notified of alarms, and of an index that cannot be read.'),
  indexRepository: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9._-]+)+$/,
      'must be owner/repository, such as example/container-index',
    )
    .describe('The git repository with `index.d/*.yml`, as `owner/repository` of the first of `gitHosts`.'),
  indexBranch: z
    .string()
    .regex(/^[A-Za-z0-9._/-]+$/, 'must be the name of a branch')
    .default('main')
    .describe('The branch of it that counts.'),
  gitHosts: z
    .array(
      z
        .strictObject({
          kind: z.enum(gitHostKinds, `must be one of ${gitHostKinds.join(', ')}`),
          url: httpUrl,
          apiUrl: httpUrl.optional(),
        })
        .transform((host) => ({ ...host, apiUrl: host.apiUrl ?? usualApiUrl(host) })),
    )
    .min(1, 'must name at least one host')
    .prefault([{ kind: 'github', url: 'https://github.com' }])
    .describe(
      'The git hosts whose events, statuses, comments and pull requests Slipway knows, that of the index first: each with its `kind` (`github`, `gitlab`, or `forgejo` for Gitea too), its `url`, and its `apiUrl` where it is not the usual one (docs/git-hosts.md). From others it only fetches.',
    ),
  privateHosts: z
    .array(
      z
        .string()
        .regex(
          /^(?:[a-z0-9]+(?:[.-][a-z0-9]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/,
          'must be a host in lower case, with a port or without, such as git.internal or git.internal:8443',
        ),
    )
    .default([])
    .describe(
      'Hosts that Slipway may fetch from although their addresses are private; those of `gitHosts` are among them. Everybody who writes to the index can make Slipway send requests to them.',
    ),
  siteUrl: httpUrl
    .optional()
    .describe("The pages' address where it is not the API's own: a domain name that you put before it."),
  login: loginSettingsSchema.optional(),
  accounts: accountsSchema.optional(),
  mail: z
    .strictObject({
      recipientsPerEntry: z
        .int()
        .min(1)
        .max(50)
        .default(usualRecipients)
        .describe('How many mail addresses an entry of the index may have.'),
      confirmAddresses: z
        .boolean()
        .default(true)
        .describe(
          'Whether an address of an entry gets mails only after its owner has agreed, by a link that it gets once. `false` where everybody who writes to the index may be trusted.',
        ),
    })
    .prefault({}),
  webhook: z
    .strictObject({
      reservedConcurrency: z
        .int()
        .min(0)
        .max(1000)
        .default(0)
        .describe(
          'Instances of the webhook that no other function can use up; 20 are enough. 0 reserves none, as new accounts need it: Lambda leaves 100 of the account unreserved, and refuses the deployment if fewer are left.',
        ),
    })
    .prefault({}),
  pages: z
    .strictObject({
      requestsPerSecond: z
        .int()
        .min(1)
        .max(10_000)
        .default(20)
        .describe('How many requests for pages and the API are answered in a second; the rest get 429.'),
    })
    .prefault({}),
  policy: z
    .strictObject({
      maxSeverity: z
        .enum(severities)
        .default(defaultPolicy.maxSeverity)
        .describe('The worst severity that a released image may have.'),
      maxUnfixableSeverity: z
        .enum(severities)
        .optional()
        .describe('The same for findings that no newer version fixes, where it differs.'),
      unscannable: z
        .enum(['block', 'warn'])
        .default(defaultPolicy.unscannable)
        .describe('The outcome for an image whose distribution the scanner does not know: `block` or `warn`.'),
      unsigned: z
        .enum(unsignedResponses)
        .default(defaultPolicy.unsigned)
        .describe(
          'The outcome for an image that cannot be signed: `block`, it is not released, or `warn`. An SBOM is attested where there is one; `scanners.sbom` says whether the release may go on without.',
        ),
      scanners: z
        .strictObject(
          Object.fromEntries(
            scannerNames.map((name) => [
              name,
              z
                .enum(responses)
                .default(defaultPolicy.scanners[name])
                .describe(`The outcome for findings of \`${name}\`: \`block\`, \`warn\` or \`ignore\`.`),
            ]),
          ) as Record<ScannerName, z.ZodDefault<z.ZodEnum<{ block: 'block'; warn: 'warn'; ignore: 'ignore' }>>>,
        )
        .prefault({}),
    })
    .prefault({}),
  deploy: z
    .strictObject({
      author: z
        .string()
        .regex(/^[^<>\n]{1,100}$/, 'must be a name')
        .default('Slipway')
        .describe('The name of the author of commits to manifests; the mail address is that of `sender`.'),
      signCommits: z
        .boolean()
        .default(false)
        .describe('Whether commits to manifests are signed, by a key of KMS of their own (docs/manifests.md).'),
      services: z
        .array(allowedServiceSchema)
        .default([])
        .describe(
          'What may be told to run a release, and by which projects: services of ECS and containers on servers (docs/deployments.md).',
        ),
      taskRoles: z
        .array(z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of a role'))
        .default([])
        .describe('The roles that tasks of these services have: the task role and the execution role of each.'),
    })
    .prefault({}),
  copies: z
    .strictObject({
      roles: z
        .array(z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of a role'))
        .default([])
        .describe('The roles that push copies of releases to other registries of ECR (docs/destinations.md).'),
    })
    .prefault({}),
  build: z
    .strictObject({
      timeoutSeconds: z
        .int()
        .min(10)
        .max(28_800)
        .default(3600)
        .describe('When a build is given up, in seconds from its start.'),
      concurrency: z
        .int()
        .min(0)
        .max(500)
        .default(0)
        .describe(
          'How many builds of all projects are in flight at once; the rest wait, and projects take turns. 0 leaves it to CodeBuild, which takes as many as the account may run and keeps five times as many in a queue.',
        ),
      atOncePerProject: z
        .int()
        .min(1)
        .max(100)
        .default(4)
        .describe('How many builds of one project run at once. The rest wait, so that a project holds up no other.'),
      perHourPerProject: z
        .int()
        .min(1)
        .max(1000)
        .default(60)
        .describe('How many builds of one project begin in an hour. The rest wait for the next hour.'),
      computeType: z.enum(computeTypeSchema.options).default('MEDIUM').describe("CodeBuild's machine for a build."),
      architecture: z
        .enum(['arm64', 'x86_64'])
        .default('arm64')
        .describe('What images are built for whose entry names no `platforms`.'),
      buildkitImage: z
        .string()
        .regex(
          /^[A-Za-z0-9][A-Za-z0-9._:/-]*@sha256:[0-9a-f]{64}$/,
          'must be the name of an image with its digest, such as registry.example.org/moby/buildkit:v0.33.1@sha256:…',
        )
        // Where pulls are not counted by address, which builders on AWS share with strangers (docs/decisions/buildkit-by-digest.md).
        .default(
          'mirror.gcr.io/moby/buildkit:v0.33.1@sha256:cec9f139f45e93c5c69c60f8b07cfad9f43f4ef6b6a6cd917527fea5ff2e3dea',
        )
        .describe(
          "The BuildKit that builds images on CodeBuild, by digest. A deployment puts a copy beside the builder's program; where it cannot fetch one, each build pulls it.",
        ),
      prebuildImage: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'must be the name of an image')
        // Docker's official image with git, curl, Python and make, from where pulls are not counted by address.
        .default('public.ecr.aws/docker/library/buildpack-deps:stable')
        .describe(
          'The image that prebuild scripts run in: from a registry, or a release of this pipeline such as `demo/tools:latest`.',
        ),
      pullThrough: z
        .record(
          z.string().regex(/^[a-z0-9]+(?:[.-][a-z0-9]+)+$/, 'must be the host of a registry, such as docker.io'),
          z
            .string()
            .regex(
              /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/,
              'must be the prefix of a pull-through cache rule, such as docker-hub',
            ),
        )
        .default({})
        .describe(
          'Registries whose images builds pull through the account\'s ECR, each with the prefix of its pull-through cache rule: `{"docker.io": "docker-hub"}`.',
        ),
    })
    .prefault({}),
  retention: z
    .strictObject({
      logDays: z
        .literal(retentionDays, `must be one of ${retentionDays.join(', ')}`)
        .default(30)
        .describe('How long CloudWatch keeps the logs of functions and builders.'),
      recordDays: z.int().min(1).default(365).describe('How long the bucket keeps logs and scan reports of builds.'),
      releases: z
        .strictObject({
          days: z
            .int()
            .min(1)
            .optional()
            .describe(
              'Released images expire that nothing names and that were neither released nor pulled for so many days. Without it they are kept for ever.',
            ),
          newest: z
            .int()
            .min(0)
            .default(10)
            .describe("How many of a project's newest releases are kept however old they are."),
          expired: z
            .enum(expiredImages)
            .default('delete')
            .describe(
              "What becomes of those that expire: `delete`, or `archive`, which moves them to ECR's archive, from where nobody can pull them.",
            ),
        })
        .prefault({}),
    })
    .prefault({}),
});

export type Config = z.output<typeof configSchema>;

const apiPaths: Record<GitHostKind, string> = { github: '/api/v3', gitlab: '/api/v4', forgejo: '/api/v1' };

/** Where each program has its REST API; only github.com has it on a host of its own. */
function usualApiUrl({ kind, url }: Pick<GitHost, 'kind' | 'url'>): string {
  return url === 'https://github.com' ? 'https://api.github.com' : `${url}${apiPaths[kind]}`;
}

/** The configuration does not have the form that it must have. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Checks the object `slipway` of the context; the CLI's `--context slipway='{…}'` gives it as text.
 * @throws ConfigError with every fault: what is wrong, where, and what it must be
 */
export function parseConfig(value: unknown): Config {
  if (value === undefined)
    throw new ConfigError(
      report(['"slipway" is not there: it must be an object with at least sender, operators and indexRepository']),
    );
  const result = configSchema.safeParse(typeof value === 'string' ? parseText(value) : value, { reportInput: true });
  if (result.success) return result.data;
  throw new ConfigError(
    report(
      result.error.issues.map((issue) => {
        const path = ['slipway', ...issue.path].join('.');
        if (issue.code === 'unrecognized_keys') {
          return `${path} has ${issue.keys.map((key) => `"${key}"`).join(', ')}, which Slipway does not know: remove it or correct the spelling`;
        }
        if (issue.input === undefined) return `${path} is missing: ${description(issue.path)}`;
        return `${path} is ${JSON.stringify(issue.input)}: it ${issue.message.startsWith('must') ? issue.message : `is not valid (${issue.message})`}`;
      }),
    ),
  );
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(report(['"slipway" is text that is not JSON: write an object']), { cause });
  }
}

function report(faults: string[]): string {
  return [
    'The configuration of Slipway, the object "slipway" in the context of cdk.json, is not valid:',
    ...faults.map((fault) => `  - ${fault}.`),
    'The table "Configuration" in docs/operations.md lists every key.',
  ].join('\n');
}

function description(path: PropertyKey[]): string {
  const setting = settings().find(({ key }) => key === path.join('.'));
  return setting ? `add it. ${setting.description.replace(/\.$/, '')}` : 'add it';
}

export interface Setting {
  /** `build.timeoutSeconds` */
  key: string;
  /** As JSON; undefined where there is none. */
  default: string | undefined;
  required: boolean;
  description: string;
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  required?: string[];
  default?: unknown;
  description?: string;
}

/** Every key of the configuration with its meaning and default, for the table in docs/operations.md. */
export function settings(): Setting[] {
  return listed(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema, '', true);
}

/** @param isExpected false within a part that may be left out as a whole */
function listed({ properties = {}, required = [] }: JsonSchema, prefix: string, isExpected: boolean): Setting[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const isAsked = isExpected && (required.includes(name) || schema.default !== undefined);
    if (schema.properties) return listed(schema, `${prefix}${name}.`, isAsked);
    return {
      key: `${prefix}${name}`,
      default: schema.default === undefined ? undefined : JSON.stringify(schema.default),
      required: isExpected && required.includes(name),
      description: schema.description ?? '',
    };
  });
}
