import { oneLine } from '../text/one-line.ts';
import type { Mail, MailContent } from './content.ts';
import { footerForOwners, projectHeaders } from './frame.ts';

interface SourceMail {
  /** `app/job:tag` */
  project: string;
  gitUrl: string;
  /** What was wrong when it was asked last, and what to do about it. */
  error: string;
  siteUrl: string;
  indexUrl: string;
}

/** For the owners of a project: its repository cannot be read. The subject is `[slipway] SOURCE NOT READABLE: app/job:tag`. */
export function sourceMail({ project, gitUrl, error, siteUrl, indexUrl }: SourceMail): Mail {
  const name = oneLine(project, 120);
  const content: MailContent = {
    tone: 'bad',
    title: `The source of ${name} cannot be read`,
    paragraphs: [
      oneLine(error, 600),
      'Until it can be read, nothing that is pushed there is built. Images that are released stay released. It is tried again, at least once a day, and what is missing is built then.',
    ],
    facts: [
      { label: 'Project', value: name },
      { label: 'Repository', value: oneLine(gitUrl, 300), code: true },
    ],
    links: [{ label: 'Open the project', address: `${siteUrl}/projects/${project.replace(':', '/')}` }],
    footer: footerForOwners(project, indexUrl),
  };
  return {
    subject: oneLine(`[slipway] SOURCE NOT READABLE: ${name}`, 200),
    content,
    headers: projectHeaders(project, 'source'),
    topic: name,
  };
}
