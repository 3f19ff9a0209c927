import { accountIn } from '../service.ts';
export const terminalStatuses = ['SUCCEEDED', 'FAILED', 'FAULT', 'TIMED_OUT', 'STOPPED'] as const;
export type BuildStatus = 'IN_PROGRESS' | (typeof terminalStatuses)[number];

export type PhaseType =
  | 'SUBMITTED'
  | 'QUEUED'
  | 'PROVISIONING'
  | 'DOWNLOAD_SOURCE'
  | 'INSTALL'
  | 'PRE_BUILD'
  | 'BUILD'
  | 'POST_BUILD'
  | 'FINALIZING'
  | 'COMPLETED';

export interface Phase {
  phaseType: PhaseType;
  phaseStatus?: Exclude<BuildStatus, 'IN_PROGRESS'>;
  /** Seconds since 1970, as in every time of a build. */
  startTime: number;
  endTime?: number;
  durationInSeconds?: number;
  contexts?: { statusCode: string; message: string }[];
}

/** https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html */
export interface Build {
  id: string;
  arn: string;
  buildNumber: number;
  projectName: string;
  buildStatus: BuildStatus;
  currentPhase: PhaseType;
  phases: Phase[];
  startTime: number;
  endTime?: number;
  buildComplete: boolean;
  initiator: string;
  sourceVersion?: string | undefined;
  source: { type: string; location?: string | undefined; buildspec?: string | undefined };
  artifacts: { location: string };
  cache: { type: string };
  environment: {
    type: string;
    image: string;
    computeType: string;
    privilegedMode: boolean;
    environmentVariables: { name: string; value: string; type: string }[];
  };
  serviceRole: string;
  logs: { groupName: string; streamName: string; cloudWatchLogsArn: string };
  timeoutInMinutes: number;
  queuedTimeoutInMinutes: number;
  encryptionKey: string;
}

export const now = (): number => Date.now() / 1000;

/** Ends the phase that runs, and begins the next. */
export function enterPhase(build: Build, phaseType: PhaseType): void {
  leavePhase(build, 'SUCCEEDED');
  build.currentPhase = phaseType;
  build.phases.push({ phaseType, startTime: now() });
}

export function leavePhase(
  build: Build,
  phaseStatus: Exclude<BuildStatus, 'IN_PROGRESS'>,
  context?: { statusCode: string; message: string },
): void {
  const phase = build.phases.at(-1);
  if (phase === undefined || phase.endTime !== undefined) return;
  phase.phaseStatus = phaseStatus;
  phase.endTime = now();
  phase.durationInSeconds = Math.round(phase.endTime - phase.startTime);
  phase.contexts = [context ?? { statusCode: '', message: '' }];
}

/** The build is over: nothing of it changes any more. */
export function completeBuild(build: Build, status: Exclude<BuildStatus, 'IN_PROGRESS'>): void {
  leavePhase(build, status);
  build.phases.push({ phaseType: 'COMPLETED', startTime: now() });
  build.currentPhase = 'COMPLETED';
  build.buildStatus = status;
  build.endTime = now();
  build.buildComplete = true;
}

/** https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html */
export function stateChangeEvent(build: Build) {
  return {
    source: 'aws.codebuild',
    account: accountIn(build.arn),
    'detail-type': 'CodeBuild Build State Change',
    resources: [build.arn],
    detail: {
      'build-status': build.buildStatus,
      'project-name': build.projectName,
      'build-id': build.arn,
      'current-phase': build.buildComplete ? 'COMPLETED' : 'SUBMITTED',
      'current-phase-context': '[]',
      version: '1',
      'additional-information': {
        'build-number': build.buildNumber,
        artifact: { location: build.artifacts.location },
        cache: { type: build.cache.type },
        environment: {
          image: build.environment.image,
          'privileged-mode': build.environment.privilegedMode,
          'compute-type': build.environment.computeType,
          type: build.environment.type,
          'environment-variables': build.environment.environmentVariables,
        },
        'timeout-in-minutes': build.timeoutInMinutes,
        'queued-timeout-in-minutes': build.queuedTimeoutInMinutes,
        'build-complete': build.buildComplete,
        initiator: build.initiator,
        'build-start-time': eventTime(build.startTime),
        source: {
          type: build.source.type,
          location: build.source.location,
        },
        logs: { 'group-name': build.logs.groupName, 'stream-name': build.logs.streamName },
        phases: build.phases.map((phase) => ({
          'phase-type': phase.phaseType,
          'start-time': eventTime(phase.startTime),
          ...(phase.endTime !== undefined && {
            'phase-status': phase.phaseStatus,
            'phase-context': (phase.contexts ?? []).map(({ statusCode, message }) => `${statusCode}: ${message}`),
            'end-time': eventTime(phase.endTime),
            'duration-in-seconds': phase.durationInSeconds,
          }),
        })),
      },
    },
  };
}

/** `Sep 1, 2017 4:12:29 PM` */
function eventTime(seconds: number): string {
  return new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })
    .format(new Date(seconds * 1000))
    .replace(/(\d{4}),/, '$1')
    .replace('\u202f', ' ');
}
