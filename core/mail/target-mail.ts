import { exactTime } from '../builds/describe-build.ts';
import { commitLink } from '../sources/source-pages.ts';
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
  const { project, wanted } = target;
  const { call } = wanted;
  const isDone = target.state === 'delivered';
  const name = oneLine(project, 120);
  const tag = oneLine(wanted.tag, 128);
  const place = oneLine(target.target, 200);
  const current = currentOf(target);
  const before = target.delivered.find(({ digest }) => digest !== wanted.digest);
  const beforeTag = before && oneLine(before.tag, 128);
  const link = webLink(targetLink(target) ?? '');
  const content: MailContent = {
    tone: isDone ? 'good' : 'bad',
    title: isDone ? `${place} runs ${tag} of ${name}` : `${place} did not get ${tag} of ${name}`,
    paragraphs: isDone
      ? [
          `All containers of the service were replaced, and run this image.${beforeTag ? ` Before, it ran ${beforeTag}.` : ''}`,
        ]
      : [
          oneLine(target.error ?? 'The record does not say why.', 1000),
          current
            ? `It keeps ${oneLine(current.tag, 128)}. The release itself stays valid, and so do its tags.`
            : 'The release itself stays valid, and so do its tags.',
        ],
    example: exampleOf(name, place, { tag, beforeTag, isDone }),
    facts: [
      { label: 'Target', value: place },
      ...(call.by
        ? [{ label: call.type === 'rollback' ? 'Rolled back by' : 'Promoted by', value: oneLine(call.by, 100) }]
        : []),
      { label: 'Cause', value: oneLine(wanted.why, 500) },
      {
        label: 'Commit',
        value: oneLine(wanted.commit, 64),
        link: commitLink({ url: wanted.sourceUrl }, wanted.commit),
        code: true,
      },
      { label: 'Image', value: oneLine(wanted.repository, 300), code: true },
      { label: 'Digest', value: oneLine(wanted.digest, 100), code: true },
      { label: 'Released', value: exactTime(wanted.releasedAt) },
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

/** How to go back, or how to try again. */
function exampleOf(
  project: string,
  target: string,
  { tag, beforeTag, isDone }: { tag: string; beforeTag: string | undefined; isDone: boolean },
): MailContent['example'] {
  const promote = `slipway promote ${project} --to ${target} --release`;
  if (!isDone)
    return { title: 'It is not tried again by itself. When the cause is removed:', text: `${promote} ${tag}` };
  return beforeTag ? { title: `To go back to ${beforeTag}:`, text: `${promote} ${beforeTag}` } : undefined;
}
