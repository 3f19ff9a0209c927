import { z } from 'zod';
import { openLog } from '../log-file.ts';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, accountIn, type Caller, operation, resourceType, type Service } from '../service.ts';
import { type Build, completeBuild, enterPhase, leavePhase, stateChangeEvent } from './build.ts';
import { createBuildJournal } from './journal.ts';
import { newBuild, type Project } from './new-build.ts';
import { endProcesses, type ProcessIdentity } from './processes.ts';
import { type BuildRun, markerOf, type RunBuild, removeWorkspace, runBuild } from './run.ts';
import { type ProjectProperties, projectSchema, type StartBuild, startBuildSchema } from './schema.ts';

export interface CodeBuildOptions {
  /** How many builds run at once in the account; five times as many wait. */
  concurrentBuilds: number;
  engineEnvironment: Record<string, string>;
  codeOf(bucket: string, key: string): string;
  /** Runs a build, in place of the commands of its project. */
  runBuild?: RunBuild | undefined;
  /** Every piece of a build's output, for who watches. */
  onOutput?(build: Build, text: string | Buffer): void;
}

export interface CodeBuild extends Service {
  /** Resolves when the build has ended, also if it has already. */
  ended(buildId: string): Promise<Build>;
  isBuilding(): boolean;
}

/** CodeBuild on one machine: builds are processes of the host, each with its own workspace and environment. */
export function createCodeBuild(account: Account, options: CodeBuildOptions): CodeBuild {
  const projects = new Map<string, Project>();
  const journal = createBuildJournal(account.database);
  const queue: Build[] = [];
  const running = new Map<string, BuildRun | 'starting'>();
  const finished = new Map<string, PromiseWithResolvers<Build>>();
  let stopping = false;

  const projectOf = (name: string): Project => {
    const project = projects.get(name.split('/').at(-1) ?? '');
    if (project !== undefined) return project;
    throw new AwsError('ResourceNotFoundException', `Project cannot be found: ${arnOf(name)}`);
  };

  const arnOf = (name: string, owner = account.id) =>
    projects.get(name)?.arn ?? `arn:aws:codebuild:${account.region}:${owner}:project/${name}`;

  const startBuild = (input: StartBuild, caller: Caller): Build => {
    const project = projectOf(input.projectName);
    const earlier = input.idempotencyToken === undefined ? undefined : journal.byToken(input.idempotencyToken, input);
    if (earlier !== undefined) return earlier;
    const queueLimit = options.concurrentBuilds * 5;
    if (running.size >= options.concurrentBuilds && queue.length >= queueLimit) {
      throw new AwsError(
        'AccountLimitExceededException',
        `Cannot have more than ${queueLimit} builds in queue for the account`,
      );
    }
    const build = newBuild(account, project, input, caller, journal.nextNumber(project.name));
    journal.add(build, input);
    enterPhase(build, 'SUBMITTED');
    enterPhase(build, 'QUEUED');
    queue.push(build);
    finished.set(build.id, Promise.withResolvers());
    setTimeout(() => leaveQueue(build, 'TIMED_OUT'), build.queuedTimeoutInMinutes * 60_000).unref();
    journal.save(build);
    // The caller gets its answer before the build begins.
    setImmediate(next);
    return build;
  };

  const next = (): void => {
    while (!stopping && running.size < options.concurrentBuilds) {
      const build = queue.shift();
      if (build === undefined) return;
      void begin(build);
    }
  };

  const begin = async (build: Build): Promise<void> => {
    running.set(build.id, 'starting');
    account.emit(stateChangeEvent(build));
    const log = openLog(account.dataFolder, `${build.logs.groupName}/${build.logs.streamName}`);
    const output = (text: string | Buffer) => {
      log.write(text);
      options.onOutput?.(build, text);
    };
    try {
      const { properties } = projectOf(build.projectName);
      const keys = account.iam.keysOf(properties.ServiceRole, session);
      assertRoleMay(build, keys.accessKeyId, properties);
      const run = (options.runBuild ?? runBuild)(build, {
        account,
        keys,
        engineEnvironment: options.engineEnvironment,
        sourceFolder: sourceOf(properties),
        output,
        started: (leader: ProcessIdentity) => journal.started(build.id, leader),
        changed: () => journal.save(build),
      });
      running.set(build.id, run);
      const status = await run.ended;
      // A machine that stops leaves its builds as they are: after the next start they are closed like those of a killed one.
      if (!stopping) close(build, status);
    } catch (error) {
      const statusCode = error instanceof AwsError ? 'ACCESS_DENIED' : 'INTERNAL_SERVICE_ERROR';
      output(`[Container] ${(error as Error).message}\n`);
      leavePhase(build, 'FAILED', { statusCode, message: (error as Error).message });
      close(build, error instanceof AwsError ? 'FAILED' : 'FAULT');
    } finally {
      await log.close();
    }
  };

  const close = (build: Build, status: Exclude<Build['buildStatus'], 'IN_PROGRESS'>): void => {
    completeBuild(build, status);
    journal.save(build);
    running.delete(build.id);
    account.emit(stateChangeEvent(build));
    finished.get(build.id)?.resolve(build);
    finished.delete(build.id);
    next();
  };

  const leaveQueue = (build: Build, status: 'TIMED_OUT' | 'STOPPED'): boolean => {
    const position = queue.indexOf(build);
    if (position < 0) return false;
    queue.splice(position, 1);
    close(build, status);
    return true;
  };

  const stopBuild = (id: string): Build => {
    const build = buildOf(id);
    const waiting = queue.find((other) => other.id === build.id);
    if (waiting !== undefined) leaveQueue(waiting, 'STOPPED');
    const run = running.get(build.id);
    if (run !== undefined && run !== 'starting') run.end('STOPPED');
    return waiting ?? build;
  };

  const buildOf = (id: string): Build => {
    const buildId = id.startsWith('arn:') ? id.split('/').slice(1).join('/') : id;
    const build = journal.get(buildId);
    if (build === undefined) throw new AwsError('ResourceNotFoundException', `Build with ID ${id} cannot be found`);
    return build;
  };

  /** What CodeBuild itself does under the project's role before the first command. */
  const assertRoleMay = (build: Build, accessKeyId: string, { Source, LogsConfig }: ProjectProperties): void => {
    const caller = account.iam.callerOf(accessKeyId);
    if (caller === undefined) return;
    if (LogsConfig?.CloudWatchLogs?.Status !== 'DISABLED') {
      const { groupName, streamName } = build.logs;
      const resource = `arn:aws:logs:${account.region}:${accountIn(build.arn)}:log-group:${groupName}:log-stream:${streamName}`;
      account.iam.authorize(caller, [
        { action: 'logs:CreateLogStream', resource },
        { action: 'logs:PutLogEvents', resource },
      ]);
    }
    if (Source.Type === 'S3') {
      account.iam.authorize(caller, [{ action: 's3:GetObject', resource: `arn:aws:s3:::${Source.Location}` }]);
    }
  };

  const sourceOf = ({ Source }: ProjectProperties): string | undefined => {
    if (Source.Type !== 'S3') return undefined;
    const slash = Source.Location.indexOf('/');
    return options.codeOf(Source.Location.slice(0, slash), Source.Location.slice(slash + 1));
  };

  const buildPermission = (action: string, id: string) => ({
    action: `codebuild:${action}`,
    resource: arnOf(id.split('/').at(-1)?.split(':')[0] ?? ''),
  });

  return {
    signingName: 'codebuild',
    protocol: 'json-1.1',
    invalidInput: ({ member, missing, message }) =>
      new AwsError('InvalidInputException', missing ? `${member} is required` : `Invalid ${member}: ${message}`),
    resources: {
      'AWS::CodeBuild::Project': resourceType({
        isForEveryAccount: true,
        properties: projectSchema,
        create({ properties, ...resource }) {
          const name = properties.Name ?? physicalName(resource, 150);
          const arn = arnOf(name, resource.account);
          account.iam.assertTrusts(properties.ServiceRole, 'codebuild.amazonaws.com', arn);
          sourceOf(properties);
          projects.set(name, { name, arn, properties });
          return { ref: name, attributes: { Arn: arn } };
        },
      }),
    },
    operations: {
      StartBuild: operation({
        input: startBuildSchema,
        permissions: ({ projectName }) => [buildPermission('StartBuild', projectName)],
        handle: (input, caller) => ({ build: startBuild(input, caller) }),
      }),
      StopBuild: operation({
        input: z.strictObject({ id: z.string() }),
        permissions: ({ id }) => [buildPermission('StopBuild', id)],
        handle: ({ id }) => ({ build: stopBuild(id) }),
      }),
      BatchGetBuilds: operation({
        input: z.strictObject({ ids: z.array(z.string()).min(1).max(100) }),
        permissions: ({ ids }) => ids.map((id) => buildPermission('BatchGetBuilds', id)),
        handle({ ids }) {
          const builds = ids.map((id) => journal.get(id.startsWith('arn:') ? id.split('/').slice(1).join('/') : id));
          return {
            builds: builds.filter((build) => build !== undefined),
            buildsNotFound: ids.filter((_, index) => builds[index] === undefined),
          };
        },
      }),
      ListBuildsForProject: operation({
        input: z.strictObject({
          projectName: z.string(),
          sortOrder: z.enum(['ASCENDING', 'DESCENDING']).default('DESCENDING'),
          nextToken: z.string().regex(/^\d+$/).optional(),
        }),
        permissions: ({ projectName }) => [buildPermission('ListBuildsForProject', projectName)],
        handle: ({ projectName, sortOrder, nextToken }) =>
          journal.list(projectOf(projectName).name, sortOrder, Number(nextToken ?? 0)),
      }),
    },
    isBuilding: () => running.size > 0,
    async ended(buildId) {
      const build = buildOf(buildId);
      return build.buildComplete ? build : (finished.get(build.id)?.promise ?? build);
    },
    async start() {
      for (const { build, leader } of journal.unfinished()) {
        await endProcesses(markerOf(build), leader, 0);
        await removeWorkspace(account, build);
        leavePhase(build, 'FAULT', {
          statusCode: 'INTERNAL_SERVICE_ERROR',
          message: 'The machine was stopped during the build.',
        });
        close(build, 'FAULT');
        journal.forgetToken(build.id);
      }
    },
    async stop() {
      stopping = true;
      const runs = [...running.values()].filter((run) => run !== 'starting');
      for (const run of runs) run.end('STOPPED', 2000);
      await Promise.all(runs.map((run) => run.ended));
    },
  };
}

const session = 'AWSCodeBuild';
