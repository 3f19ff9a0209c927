import { exactTime } from '../builds/describe-build.ts';
import type { HoldChange } from '../model/hold.ts';
import { oneLine } from '../text/one-line.ts';
import type { Mail, MailContent } from './content.ts';
import { footerForOwners, projectHeaders } from './frame.ts';

interface HoldMail {
  change: HoldChange;
  /** The current release. */
  released: { digest: string } | undefined;
  siteUrl: string;
  indexUrl: string;
}

/**
 * For the owners of a project: its releases are held, or are held no longer. The subjects are `[slipway] HELD: app/job:tag` and
 * `[slipway] UNHELD: app/job:tag`.
 */
export function holdMail({ change, released, siteUrl, indexUrl }: HoldMail): Mail {
  const { project, action, at, by, until, reason, builds = [] } = change;
  const name = oneLine(project, 120);
  const who = oneLine(by, 100);
  const isHeld = action === 'held';
  const content: MailContent = {
    tone: isHeld ? 'warning' : 'good',
    title: isHeld ? `Releases of ${name} are held` : `Releases of ${name} are no longer held`,
    paragraphs: isHeld
      ? [
          'Its floating tags stay where they are. Builds and scans go on, and an image that passes waits.',
          until
            ? `The hold ends by itself after ${until}. The newest image that waits then is judged again and released.`
            : 'The hold lasts until somebody ends it. The newest image that waits then is judged again and released.',
        ]
      : [
          builds.length > 0
            ? 'The newest image that waited is judged again and, if it still passes, released. You get a mail about that.'
            : 'No image waits. The next build that passes is released.',
        ],
    example: isHeld ? { title: 'To end the hold:', text: `slipway unhold ${name}` } : undefined,
    facts: [
      { label: 'Project', value: name },
      { label: isHeld ? 'Held by' : 'Ended by', value: `${who}, ${exactTime(at)}` },
      ...(reason ? [{ label: 'Reason', value: oneLine(reason, 500) }] : []),
      ...(until ? [{ label: 'Last day', value: until }] : []),
      ...(released ? [{ label: 'Current release', value: oneLine(released.digest, 100), code: true }] : []),
    ],
    links: [
      { label: 'Open the project', address: `${siteUrl}/projects/${project.replace(':', '/')}` },
      ...builds.map((build) => ({ label: 'Open the build', address: `${siteUrl}/builds/${build}` })),
    ],
    footer: footerForOwners(project, indexUrl),
  };
  return {
    subject: oneLine(`[slipway] ${isHeld ? 'HELD' : 'UNHELD'}: ${name}`, 200),
    content,
    headers: projectHeaders(project, isHeld ? 'held' : 'unheld'),
    topic: name,
  };
}
