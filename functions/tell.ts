import { Logger } from '@aws-lambda-powertools/logger';
import { SESClient } from '@aws-sdk/client-ses';
import { isTerminal } from '../core/build.ts';
import { RecordConflictError } from '../core/errors.ts';
import { buildMail } from '../core/mail.ts';
import { type Builds, createBuilds } from '../services/builds.ts';
import { type CommitStatuses, createCommitStatuses } from '../services/commit-statuses.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';
import { createGithubToken } from '../services/github-token.ts';
import { createMailer, type Mailer } from '../services/mail.ts';
import { stepInputSchema } from './step-input.ts';

interface Services {
  builds: Builds;
  mailer: Mailer;
  statuses: CommitStatuses;
  siteUrl: string;
  logger: Logger;
}

/** Tells people how a build ended: a mail, once, and the mark at the commit. */
export function createTell({ builds, mailer, statuses, siteUrl, logger }: Services) {
  return async function tell(id: string): Promise<void> {
    const build = await builds.require(id);
    if (!isTerminal(build.status))
      throw new RecordConflictError(`Build ${id} has not ended: there is nothing to tell.`);
    if (!(await builds.claimTelling(id))) return;
    try {
      const mail = buildMail(build, siteUrl);
      if (mail) await mailer.send({ to: build.notifyEmail, mail });
    } catch (error) {
      await builds.releaseTelling(id);
      throw error;
    }
    await builds.markTold(id);
    await statuses.set(build).catch((error: Error) => {
      // The mail is out and must not go out again because GitHub's API is down.
      logger.warn('The commit status could not be set', { build: id, error });
    });
  };
}

export function tellServices(logger: Logger): Services {
  const siteUrl = variable('SITE_URL');
  const token = createGithubToken(variable('GITHUB_TOKEN_SECRET'));
  return {
    builds: createBuilds(createDocumentClient(), variable('BUILDS_TABLE')),
    mailer: createMailer({ client: new SESClient({}), sender: variable('SENDER') }),
    statuses: createCommitStatuses(variable('GITHUB_API_URL'), variable('GITHUB_URL'), siteUrl, token),
    siteUrl,
    logger,
  };
}

let run: ReturnType<typeof createTell> | undefined;

export function handler(input: unknown): Promise<void> {
  run ??= createTell(tellServices(new Logger({ serviceName: 'tell' })));
  return run(stepInputSchema.parse(input).build);
}
