import { shortCommit } from '../builds/describe-build.ts';
import type { Diagnostic } from '../index/read-index.ts';
import { oneLine } from '../text/one-line.ts';
import type { Mail, MailContent } from './content.ts';

const itemsShown = 20;

export interface IndexDiagnosticsReport {
  /** `owner/name` */
  repository: string;
  commit: string;
  /** Empty where the index could be read but has no projects. */
  errors: Diagnostic[];
  siteUrl: string;
}

/** For the operators: an index that could not be used completely. */
export function indexDiagnosticsMail({ repository, commit, errors, siteUrl }: IndexDiagnosticsReport): Mail {
  const name = oneLine(repository, 200);
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
  const summary = errors.length === 0 ? 'no projects' : count;
  const content: MailContent = {
    tone: 'warning',
    title: `The index ${name} has ${summary}`,
    paragraphs: [
      'Nothing was removed. Entries without an error are in use. A project whose entry cannot be read keeps the settings that it had before.',
    ],
    list: errors.length > 0 ? { title: 'Errors', items: shortened(errors.map(describeDiagnostic)) } : undefined,
    advice: 'Push a commit that fixes the index: Slipway then reads it again.',
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
    subject: oneLine(`[slipway] INDEX: ${summary} in ${name} (${shortCommit(commit)})`, 200),
    content,
    headers: { 'X-Slipway-Status': 'index' },
    topic: name,
  };
}

function describeDiagnostic({ file, line, column, entry, message }: Diagnostic): string {
  return `${oneLine(file, 200)}:${line}:${column}${entry ? ` ${oneLine(entry, 200)}` : ''}: ${oneLine(message, 400)}`;
}

function shortened(items: string[]): string[] {
  const shown = items.slice(0, itemsShown).map((item) => oneLine(item, 600));
  return items.length > itemsShown ? [...shown, `and ${items.length - itemsShown} more`] : shown;
}
