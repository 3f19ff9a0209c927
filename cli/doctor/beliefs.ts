import type { Account } from './account.ts';
import type { CheckResult } from './check-result.ts';
import {
  buildVariables,
  candidateScan,
  failureCause,
  headLength,
  mailQuota,
  mountedLayers,
  platformNames,
  queueEnd,
  releaseReferrers,
  tableShapes,
} from './probes.ts';

/**
 * A belief about AWS that the product and `local/` share and that neither AWS's documentation nor a recording of its answers confirms. So
 * no test on one machine can show that it is wrong: only an account can.
 */
export interface Belief {
  belief: string;
  /** What rests on it. */
  usedIn: string;
  /** One command that shows it in an account. */
  command: string;
  /** Does the same. It costs nothing, and changes nothing that it does not put back. */
  probe?: (account: Account) => Promise<CheckResult>;
}

/** By name. docs/beliefs.md shows them, in this order. */
export const beliefs: Readonly<Record<string, Belief>> = {
  'build-variables': {
    belief:
      "CodeBuild's events and answers about a build have the variables that `StartBuild` overrode, `BUILD_ID` among them.",
    usedIn: 'functions/track-build.ts',
    command: `aws codebuild batch-get-builds --ids BUILD --query "builds[].environment.environmentVariables[?name=='BUILD_ID']"`,
    probe: buildVariables,
  },
  'build-began': {
    belief: 'The event `IN_PROGRESS` comes when a machine begins a build, not while the build is in the queue.',
    usedIn: 'functions/track-build.ts',
    command: `aws codebuild batch-get-builds --ids BUILD --query "builds[].phases[?phaseType=='QUEUED'].endTime" # when the page's stage build began`,
  },
  'build-failure-cause': {
    belief:
      'A build of CodeBuild that fails ends the task `startBuild.sync` with `States.TaskFailed` and a cause that is JSON, with `Build.BuildStatus` in it.',
    usedIn: 'core/builds/failure.ts, infra/builder-states.ts',
    command: `aws stepfunctions get-execution-history --execution-arn EXECUTION --query "events[?type=='TaskFailed'].taskFailedEventDetails"`,
    probe: failureCause,
  },
  'build-queue-end': {
    belief:
      'A build that leaves the queue of CodeBuild because it waited for too long is `TIMED_OUT`, and so is its phase QUEUED.',
    usedIn: 'core/builds/failure.ts',
    command: `aws codebuild batch-get-builds --ids BUILD --query "builds[].phases[?phaseType=='QUEUED'].phaseStatus"`,
    probe: queueEnd,
  },
  'build-queue-full': {
    belief:
      'Where the queue is full, or the quota is 0, `StartBuild` answers `AccountLimitExceededException`, which Step Functions calls `CodeBuild.AccountLimitExceededException`.',
    usedIn: 'infra/retries.ts',
    command:
      'aws codebuild start-build --project-name PROJECT # in an account whose quota is 0; the build has no BUILD_ID and ends at once',
  },
  'build-other-account': {
    belief:
      'A build in another account is started and asked for with the role that the state machine names, and an execution that is aborted ends it there.',
    usedIn: 'infra/builder-access.ts, infra/builder-states.ts',
    command:
      "aws codebuild batch-get-builds --ids BUILD --query 'builds[].buildStatus' # in the account of the builds, after npx slipway cancel",
  },
  'image-head-length': {
    belief: "ECR's answer to `HEAD` of a manifest has its size in `content-length`, which a referrer's subject needs.",
    usedIn: 'services/registry/registry.ts',
    command:
      'curl --head --user "AWS:$(aws ecr get-login-password)" -H "Accept: application/vnd.oci.image.manifest.v1+json" https://REGISTRY/v2/REPOSITORY/manifests/TAG',
    probe: headLength,
  },
  'image-referrers': {
    belief:
      'ECR takes manifests with a `subject` and an SBOM or a sigstore bundle as their layer, and lists them as referrers.',
    usedIn: 'services/registry/referrer.ts',
    command: 'aws ecr list-image-referrers --repository-name REPOSITORY --subject-id imageDigest=DIGEST',
    probe: releaseReferrers,
  },
  'image-layer-mount': {
    belief:
      'With `BLOB_MOUNTING` ECR answers 201 to the mount of a layer of another repository, and otherwise 202 with an upload.',
    usedIn: 'services/registry/registry.ts',
    command: 'aws ecr get-account-setting --name BLOB_MOUNTING # then see the duration of the function Release',
    probe: mountedLayers,
  },
  'image-blob-upload': {
    belief:
      'ECR takes a blob with the `PUT` that ends its upload, as the OCI specification allows, and not only with a `PATCH` before it.',
    usedIn: 'services/registry/registry.ts',
    command:
      'aws ecr list-image-referrers --repository-name REPOSITORY --subject-id imageDigest=DIGEST # of a release: its statements went up so',
  },
  'image-tag-again': {
    belief:
      'ECR refuses to move a tag that the repository protects with a text that has `immutable`, `already exists` or `TAG_INVALID` in it, also where the tag has that digest.',
    usedIn: 'services/registry/registry.ts',
    command:
      'aws ecr put-image --repository-name REPOSITORY --image-tag build-… --image-manifest "$MANIFEST" # of the same image',
  },
  'image-scan': {
    belief: 'The scan of a candidate has the statuses and the parts that `docs/operations.md` lists.',
    usedIn: 'services/registry/ecr-scan.ts',
    command:
      'aws ecr describe-image-scan-findings --repository-name REPOSITORY --image-id imageDigest=DIGEST --max-items 1',
    probe: candidateScan,
  },
  'image-scan-event': {
    belief:
      'The events `ECR Image Scan` and `Inspector2 Scan` about a candidate have in `image-tags` the tag that the build pushed it under.',
    usedIn: 'functions/resume-build.ts',
    command:
      'aws stepfunctions get-execution-history --execution-arn EXECUTION --query "events[?type==\'TaskSucceeded\'].taskSucceededEventDetails" # AwaitScan ended before its minute was over',
  },
  'image-platforms': {
    belief:
      'Inspector names the platforms of images like `DEBIAN_12`, `ALPINE_LINUX_3_20`, `ROCKY_LINUX_9`, `CENTOS_9` and `FEDORA_42`.',
    usedIn: 'services/registry/finding-packages.ts',
    command:
      "aws inspector2 list-findings --query 'findings[].resources[].details.awsEcrContainerImage.platform' --output text",
    probe: platformNames,
  },
  'image-pull-through': {
    belief:
      'Through a pull-through cache an image is pulled by its digest, an image for several platforms too, with `ecr:BatchImportUpstreamImage` and `ecr:CreateRepository` on the prefix alone.',
    usedIn: 'builder/bases.ts, infra/repositories.ts',
    command: 'docker pull REGISTRY/docker-hub/library/alpine@DIGEST # with the rights of the builder',
  },
  'session-policy-size': {
    belief:
      'Beside its 2,048 characters, a session policy has a limit of its packed size, which AWS does not tell; one that names fifteen repositories stays below it.',
    usedIn: 'core/builds/session-policy.ts, services/aws/build-sessions.ts',
    command:
      'aws sts assume-role --role-arn ROLE --role-session-name probe --policy file://policy.json --query PackedPolicySize # in percent, of a policy with fifteen repositories',
  },
  'secret-by-name': {
    belief:
      'Who may read `NAME-??????` reads the secret by its name; to such a role one that does not exist is an `AccessDeniedException`, and not a `ResourceNotFoundException`.',
    usedIn: 'core/builds/session-policy.ts, builder/secrets.ts',
    command:
      'aws secretsmanager get-secret-value --secret-id NAME # as a role whose policy has arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-??????, with and without that secret',
  },
  'registry-login': {
    belief: 'A login of ECR holds for its twelve hours, also after the session that it was given to has ended.',
    usedIn: 'builder/build-session.ts, builder/engines/docker.ts',
    command:
      'docker pull REGISTRY/REPOSITORY:TAG # an hour after a login with a session of 15 minutes (aws sts assume-role --duration-seconds 900)',
  },
  'service-deployment': {
    belief:
      'A deployment of ECS has one id in the answer to `UpdateService`, in `DescribeServices` and in the event `ECS Deployment State Change`, and one that the circuit breaker gave up is still described, as `FAILED`, when the event comes.',
    usedIn: 'core/rollouts/progress.ts, functions/roll-services.ts',
    command:
      "aws ecs describe-services --cluster CLUSTER --services SERVICE --query 'services[].deployments[].[id,status,rolloutState,rolloutStateReason]' # after a release that does not start",
  },
  'service-definition': {
    belief:
      '`RegisterTaskDefinition` takes what `DescribeTaskDefinition` answers, without the fields that ECS fills in, and describes it again as it was sent.',
    usedIn: 'core/rollouts/task-definition.ts, functions/rollouts/roll-service.ts',
    command:
      'aws ecs describe-task-definition --task-definition FAMILY # of two revisions: only the image and the revision differ',
  },
  'server-command-end': {
    belief:
      'A command ends as `Failed`, with an event of that status, where its first server fails and `MaxErrors` is 0, and as `Success` with a `TargetCount` of 0 where no server has the tag.',
    usedIn: 'core/rollouts/progress.ts, infra/service-rollouts.ts',
    command:
      "aws ssm list-commands --command-id COMMAND --query 'Commands[].[Status,StatusDetails,TargetCount,ErrorCount]'",
  },
  'table-shapes': {
    belief: 'The tables are as the template says: active, with their indexes, and with restores to any second.',
    usedIn: 'infra/state.ts',
    command:
      "aws dynamodb describe-table --table-name TABLE --query 'Table.[TableStatus,GlobalSecondaryIndexes[].IndexStatus]'",
    probe: tableShapes,
  },
  'mail-quota': {
    belief: "SES tells the account's daily quota and rate as numbers; the sandbox has 200 and 1.",
    usedIn: 'docs/operations.md',
    command: 'aws sesv2 get-account --query SendQuota',
    probe: mailQuota,
  },
  'mail-permission': {
    belief:
      'SES checks `ses:SendRawEmail` on the identity of the sender, and in the sandbox on that of each recipient, with `ses:FromAddress` the address in the header From.',
    usedIn: 'infra/notifications.ts',
    command:
      'npx slipway build APP/JOB:TAG # in the sandbox, of a project whose notify-email is confirmed: its mail arrives',
  },
  'delivery-too-large': {
    belief: 'The API answers 413 to a delivery above the 6 MB of Lambda, and its access log has that status.',
    usedIn: 'infra/api.ts',
    command:
      'head -c 7000000 /dev/zero | curl --silent --output /dev/null --write-out "%{http_code}" --data-binary @- "$(output WebhooksUrl)/github" # rings DeliveriesTooLarge',
  },
  'alarm-first-state': {
    belief:
      'An alarm whose metric was never there stays in `INSUFFICIENT_DATA` without a mail, and comes back to it, with a mail, when the metric stops.',
    usedIn: 'infra/alarms.ts',
    command:
      'aws cloudwatch describe-alarm-history --alarm-name Slipway-SourcesUnwatched --history-item-type StateUpdate',
  },
  'deployment-rollback': {
    belief:
      'A first deployment that fails deletes what it made, tables and bucket too (`RetainExceptOnCreate`), and `cdk deploy` deletes the stack and begins again once it is not protected.',
    usedIn: 'infra/state.ts, infra/records.ts',
    command: 'aws dynamodb list-tables # after a failed first deployment: no table of the stack',
  },
};
