import type { Build, TerminalStatus } from '../../core/model/build.ts';
import { createFailBuild } from '../../functions/builds/fail-build.ts';
import { createTellEnd } from '../../functions/builds/tell-end.ts';
import { createSendDigests } from '../../functions/cascade/send-digests.ts';
import { createWriteBuildMail } from '../../functions/mail/write-build-mail.ts';
import { createMailer } from '../../services/mail/mailer.ts';
import { createSentMails } from '../../services/tables/sent-mails.ts';
import { createTargets } from '../../services/tables/targets.ts';
import { startFakeSes } from '../services/fake-ses.ts';
import { type CrashPoints, createCrashPoints } from './crash-points.ts';
import { digest, setUpServices, silentLogger } from './services-setup.ts';

export const id = '00000000000000aa';

/** fail and tell with everything around them; the mails go through a fake SES. */
export async function setUpTell(crashes: CrashPoints = createCrashPoints()) {
  const world = await setUpServices();
  const ses = await startFakeSes();
  const stopWorld = world[Symbol.asyncDispose];
  const counted: Build['status'][] = [];
  const log = { slice: async () => ({ bytes: Buffer.from('the last line\n'), from: 0, total: 14 }) };
  const builds = crashes.guard(world.builds);
  const mailer = createMailer({
    client: ses.client,
    sender: 'slipway@example.org',
    configurationSet: 'mails',
    sentMails: createSentMails(world.client, 'mails'),
  });
  const writeBuildMail = createWriteBuildMail({
    log,
    records: world.records,
    targets: createTargets(world.client, 'targets'),
    siteUrl: 'https://slipway.example',
    indexUrl: 'https://git.example/slipway/index',
  });
  const tell = createTellEnd({
    builds,
    cascades: world.cascades,
    digests: crashes.guard(world.digests),
    writeBuildMail,
    mailer: crashes.guard(mailer),
    recipients: world.recipients,
    statuses: crashes.guard(world.statuses),
    commentOnPullRequest: async () => undefined,
    annotationsOf: async () => [],
    triggers: crashes.guard(world.triggers),
    eventBus: crashes.guard(world.eventBus),
    metrics: { ended: ({ status }) => void counted.push(status) },
    siteUrl: 'https://slipway.example',
    machine: 'MEDIUM',
    logger: silentLogger,
  });
  return Object.assign(world, {
    ses,
    /** The builds that were counted, by how they ended. */
    counted,
    tell,
    sendDigests: createSendDigests({
      digests: crashes.guard(world.digests),
      cascades: world.cascades,
      builds,
      writeBuildMail,
      mailer: crashes.guard(mailer),
      recipients: world.recipients,
      siteUrl: 'https://slipway.example',
      indexUrl: 'https://git.example/slipway/index',
      logger: silentLogger,
    }),
    failBuild: createFailBuild({
      builds,
      projects: crashes.guard(world.projects),
      records: crashes.guard(world.records),
    }),

    /** A build that has come to its end. */
    async end(status: TerminalStatus, build = id, over: Partial<Build> = {}): Promise<Build> {
      const image = { repository: 'registry.example/demo/app', digest, tags: ['latest'] };
      const ended = await world.builds.close(await world.queue(build, over), status, {
        ...(status === 'released' ? { image } : {}),
        ...(status === 'failed' ? { failure: { error: 'DockerfileFailedError', message: 'RUN make failed.' } } : {}),
      });
      if (!ended) throw new Error('It had an end already.');
      return ended;
    },

    async [Symbol.asyncDispose]() {
      await ses[Symbol.asyncDispose]();
      await stopWorld();
    },
  });
}
