import { shortDigest } from '../builds/describe-build.ts';
import { targetLink } from '../targets/describe-target.ts';
import { currentOf, type TargetState } from '../targets/target-state.ts';
import { oneLine, webLink } from '../text/one-line.ts';
import type { Mail, MailContent } from './content.ts';
import { footerForOwners, projectHeaders } from './frame.ts';

/**
 * For the owners of a project: a service runs the release, or a target will not get it. The subjects are
 * `[slipway] DEPLOYED: app/job:tag 1.2.0 to production` and `[slipway] NOT DEPLOYED: …`.
 */
export function targetMail(target: TargetState, { siteUrl, indexUrl }: { siteUrl: string; indexUrl: string }): Mail {
  const { project, wanted, call } = { ...target, call: target.wanted.call };
  const isDone = target.state === 'delivered';
  const name = oneLine(project, 120);
  const tag = oneLine(wanted.tag, 128);
  const place = oneLine(target.target, 200);
  const current = currentOf(target);
  const link = webLink(targetLink(target) ?? '');
  const content: MailContent = {
    tone: isDone ? 'good' : 'bad',
    title: isDone ? `${place} runs ${tag} of ${name}` : `${place} did not get ${tag} of ${name}`,
    paragraphs: isDone
      ? ['All containers of the service were replaced, and run this image.']
      : [
          oneLine(target.error ?? 'The record does not say why.', 1000),
          current
            ? `It keeps ${oneLine(current.tag, 128)}. The release itself stands, and so do its tags.`
            : 'The release itself stands, and so do its tags.',
        ],
    advice: isDone
      ? undefined
      : `It is not tried again by itself. When the cause is removed: slipway promote ${name} --to ${place} --release ${tag}`,
    facts: [
      { label: 'Target', value: place },
      { label: 'Image', value: `${oneLine(wanted.repository, 300)}@${shortDigest(wanted.digest)}`, code: true },
      ...(call.by
        ? [{ label: call.type === 'rollback' ? 'Rolled back by' : 'Promoted by', value: oneLine(call.by, 100) }]
        : []),
    ],
    links: [
      { label: 'Open the build', address: `${siteUrl}/builds/${wanted.build}` },
      ...(link ? [{ label: 'Open the commit', address: link }] : []),
    ],
    footer: footerForOwners(project, indexUrl),
  };
  return {
    subject: oneLine(`[slipway] ${isDone ? 'DEPLOYED' : 'NOT DEPLOYED'}: ${name} ${tag} to ${place}`, 200),
    content,
    headers: projectHeaders(project, isDone ? 'deployed' : 'not-deployed'),
    topic: name,
  };
}
