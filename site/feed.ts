import { describeCause, describeStatus } from '../core/builds/describe-build.ts';
import { type Build, isReleasable, isTerminal } from '../core/model/build.ts';
import type { Project } from '../core/model/project.ts';
import { type Html, html } from '../core/text/html.ts';
import { oneLine } from '../core/text/one-line.ts';
import { type Answer, caching } from './answer.ts';
import { projectPath } from './pages/project-path.ts';
import type { SiteParts, SiteRequest } from './parts.ts';

const buildsRead = 50;

/** The ended builds of a project as an Atom feed, without those of pull requests, which anyone may open. */
export async function feedAnswer(
  { builds, siteUrl }: Pick<SiteParts, 'builds' | 'siteUrl'>,
  { path, now }: SiteRequest,
  { name }: Project,
): Promise<Answer> {
  const { items } = await builds.list({ project: name }, { limit: buildsRead });
  const ended = items.filter(({ ref, status }) => isReleasable(ref) && isTerminal(status));
  const newest = ended.map(updatedAt).sort().at(-1) ?? new Date(0).toISOString();
  // https://www.rfc-editor.org/rfc/rfc4287
  const feed = html`<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title>Builds of ${name}</title>
<id>${siteUrl}${path}</id>
<link rel="self" type="application/atom+xml" href="${siteUrl}${path}"/>
<link rel="alternate" type="text/html" href="${siteUrl}${projectPath(name)}"/>
<author><name>Slipway</name></author>
<updated>${newest}</updated>
${ended.map((build) => entry(build, siteUrl, now))}</feed>
`;
  return {
    status: 200,
    headers: { 'content-type': 'application/atom+xml; charset=utf-8', 'cache-control': caching.minute },
    body: feed.toString(),
  };
}

function entry(build: Build, siteUrl: string, now: Date): Html {
  const { id, project, status, held, cause, verdict, createdAt } = build;
  const address = `${siteUrl}/builds/${id}`;
  const texts = [`${describeCause(cause)}.`, describeStatus(build, now), ...(verdict?.reasons ?? [])];
  return html`<entry>
<title>${project}: ${held ? 'held' : status}</title>
<id>${address}</id>
<link rel="alternate" type="text/html" href="${address}"/>
<category term="${status}"/>
<published>${createdAt}</published>
<updated>${updatedAt(build)}</updated>
<summary>${line(texts.join(' '))}</summary>
</entry>
`;
}

const updatedAt = ({ createdAt, endedAt }: Build): string => endedAt ?? createdAt;

/** XML has no place for some characters, however they are escaped: https://www.w3.org/TR/xml/#charsets */
function line(text: string): string {
  return oneLine(text, 1000).replaceAll(/[\ufffe\uffff]/g, '');
}
