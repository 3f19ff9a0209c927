import type { Fixed } from '../../core/builds/fixed.ts';
import { buildMail } from '../../core/mail/build-mail.ts';
import type { Mail } from '../../core/mail/content.ts';
import { mailDetailsOf } from '../../core/mail/mailed-end.ts';
import type { Build } from '../../core/model/build.ts';
import { siteUrl } from '../../services/environment.ts';
import { indexUrl } from '../../services/git-host/index-address.ts';
import { type BuildLog, openBuildLog } from '../../services/records/build-log.ts';
import { ifReadable, openRecords, type Records } from '../../services/records/records.ts';
import { openTargets, type Targets } from '../../services/tables/targets.ts';

interface Services {
  log: Pick<BuildLog, 'slice'>;
  records: Pick<Records, 'comparison' | 'scanners'>;
  targets: Pick<Targets, 'ofProject'>;
  siteUrl: string;
  indexUrl: string;
}

/** A mail about a failure shows the last lines of the log. They fit well into this. */
const tailBytes = 16_000;

/** Writes the mail about a build's end, with what the records say of it; undefined where nobody needs one. */
export function createWriteBuildMail({ log, records, targets, siteUrl, indexUrl }: Services) {
  return async function writeBuildMail(build: Build, fixed?: Fixed): Promise<Mail | undefined> {
    const details = mailDetailsOf(build, fixed);
    if (!details) return undefined;
    const [tail, comparison, scanners] = await Promise.all([
      details.includes('log') ? log.slice(build.id, -tailBytes, tailBytes) : undefined,
      details.includes('comparison') ? ifReadable(records.comparison(build.id)) : undefined,
      details.includes('scanners') ? ifReadable(records.scanners(build.id)) : undefined,
    ]);
    const deployed = build.image ? await targets.ofProject(build.project) : [];
    const logTail = tail && Buffer.from(tail.bytes).toString('utf8');
    return buildMail(build, siteUrl, { indexUrl, fixed, logTail, comparison, scanners, targets: deployed });
  };
}

export type WriteBuildMail = ReturnType<typeof createWriteBuildMail>;

export function openWriteBuildMail(): WriteBuildMail {
  return createWriteBuildMail({
    log: openBuildLog(),
    records: openRecords(),
    targets: openTargets(),
    siteUrl: siteUrl(),
    indexUrl: indexUrl(),
  });
}
