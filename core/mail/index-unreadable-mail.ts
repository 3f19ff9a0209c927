import { shortCommit } from '../builds/describe-build.ts';
import { oneLine } from '../text/one-line.ts';
import type { Mail, MailContent } from './content.ts';

interface UnreadableIndex {
  /** `owner/name` */
  repository: string;
  commit: string;
  /** One sentence. */
  reason: string;
  /** Whether it is read again without a push. */
  isRetried: boolean;
  siteUrl: string;
}

/** For the operators: nothing of a commit of the index could be read. */
export function indexUnreadableMail({ repository, commit, reason, isRetried, siteUrl }: UnreadableIndex): Mail {
  const name = oneLine(repository, 200);
  const content: MailContent = {
    tone: 'bad',
    title: `The index ${name} cannot be read`,
    paragraphs: [
      oneLine(reason, 400),
      'Nothing was changed: all projects keep the settings that they had before this commit, and are built as before.',
    ],
    advice: isRetried
      ? 'Slipway tries again for some ten minutes. If nothing comes of it, see whether the repository has large files that do not belong to an index, and whether the git host is slow. Then push to the index: Slipway reads it again.'
      : 'Remove what does not belong to an index, also from the commit that is read, and push: Slipway then reads it again.',
    facts: [
      { label: 'Index', value: name },
      { label: 'Commit', value: oneLine(commit, 64), code: true },
    ],
    links: [{ label: 'Projects', address: `${siteUrl}/projects` }],
    footer: [
      { text: 'You get this mail because the configuration of this Slipway lists your address as an operator.' },
    ],
  };
  return {
    subject: oneLine(`[slipway] INDEX: ${name} cannot be read (${shortCommit(commit)})`, 200),
    content,
    headers: { 'X-Slipway-Status': 'index' },
    topic: name,
  };
}
