import { shortCommit } from '../builds/describe-build.ts';
import type { Diagnostic } from '../index/read-index.ts';
import type { GitHostKind } from '../model/git-host.ts';
import { commitLink, sourceLine } from '../sources/source-pages.ts';
import { oneLine } from '../text/one-line.ts';
import type { List, Mail, MailContent } from './content.ts';
import { firstItems, footerForOperators } from './frame.ts';

/** The mails to the operators about a commit of the index. */

interface IndexCommit {
  /** `owner/name` */
  repository: string;
  /** Where it is cloned from. */
  indexUrl: string;
  gitHost?: GitHostKind | undefined;
  commit: string;
  siteUrl: string;
}

/**
 * An index that could not be used completely.
 * @param errors empty where the index could be read but has no projects
 */
export function indexDiagnosticsMail({ errors, ...index }: IndexCommit & { errors: Diagnostic[] }): Mail {
  const name = oneLine(index.repository, 200);
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
  const summary = errors.length === 0 ? 'no projects' : count;
  return indexMail(index, `${summary} in ${name}`, {
    tone: 'warning',
    title: `The index ${name} has ${summary}`,
    paragraphs: [
      'Nothing was removed. Entries without an error are in use. A project whose entry cannot be read keeps the settings that it had before.',
    ],
    list:
      errors.length > 0
        ? { title: 'Errors', items: firstItems(errors.map((error) => itemOf(error, index))) }
        : undefined,
    advice: 'Push a commit that fixes the index: Slipway then reads it again.',
  });
}

/**
 * Nothing of a commit of the index could be read.
 * @param reason one sentence
 * @param isRetried whether it is read again without a push
 */
export function indexUnreadableMail({
  reason,
  isRetried,
  ...index
}: IndexCommit & { reason: string; isRetried: boolean }): Mail {
  const name = oneLine(index.repository, 200);
  return indexMail(index, `${name} cannot be read`, {
    tone: 'bad',
    title: `The index ${name} cannot be read`,
    paragraphs: [
      oneLine(reason, 400),
      'Nothing was changed: all projects keep the settings that they had before this commit, and are built as before.',
    ],
    advice: isRetried
      ? 'Slipway tries again for some ten minutes. If nothing comes of it, see whether the repository has large files that do not belong to an index, and whether the git host is slow. Then push to the index: Slipway reads it again.'
      : 'Remove what does not belong to an index, also from the commit that is read, and push: Slipway then reads it again.',
  });
}

function indexMail(
  { repository, indexUrl, gitHost, commit, siteUrl }: IndexCommit,
  subject: string,
  own: Omit<MailContent, 'facts' | 'links' | 'footer'>,
): Mail {
  const name = oneLine(repository, 200);
  const link = commitLink({ url: indexUrl, gitHost }, commit);
  return {
    subject: oneLine(`[slipway] INDEX: ${subject} (${shortCommit(commit)})`, 200),
    content: {
      ...own,
      facts: [
        { label: 'Index', value: name },
        { label: 'Commit', value: oneLine(commit, 64), link, code: true },
      ],
      links: [
        ...(link ? [{ label: 'Open the commit', address: link }] : []),
        { label: 'See the projects', address: `${siteUrl}/projects` },
      ],
      footer: footerForOperators,
    },
    headers: { 'X-Slipway-Status': 'index' },
    topic: name,
  };
}

/** Its position is a link to the line, on hosts whose addresses are known. */
function itemOf({ file, line, column, entry, message }: Diagnostic, index: IndexCommit): List['items'][number] {
  const name = `${oneLine(file, 200)}:${line}:${column}`;
  const text = `${entry ? `${oneLine(entry, 200)}: ` : ''}${oneLine(message, 400)}`;
  const link = sourceLine({ url: index.indexUrl, gitHost: index.gitHost }, index.commit, file, line);
  return link ? { name, link, text } : `${name}: ${text}`;
}
