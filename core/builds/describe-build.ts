import { describeHeldBuild } from '../holds/hold.ts';
import { type Authored, type Build, type BuildStatus, type Cause, queuedSince, type Verdict } from '../model/build.ts';
import { severities } from '../model/findings.ts';
import type { GitHostKind } from '../model/git-host.ts';
import { pullRequestAt, pullRequestRef } from '../model/pull-request.ts';
import { oneLine, webLink } from '../text/one-line.ts';

/** Texts about a build, its cause and its findings, for the mails and the pages. */

/** The first seven digits of a commit's hash. */
export function shortCommit(commit: string): string {
  return oneLine(commit, 80).slice(0, 7);
}

/** Enough of a digest to tell it from another: `sha256:1a2b3c4d5e6f`. */
export function shortDigest(digest: string): string {
  return oneLine(digest, 100).slice(0, 19);
}

/** `branch main`, `tag v1.2.3`; other refs as they are. */
export function describeRef(ref: string): string {
  const pullRequest = pullRequestAt(ref);
  if (pullRequest) return pullRequest.name;
  const [, kind, name] = /^refs\/(heads|tags)\/(.+)$/s.exec(ref) ?? [];
  if (!kind || !name) return oneLine(ref, 120);
  return `${kind === 'heads' ? 'branch' : 'tag'} ${oneLine(name, 120)}`;
}

/** The branch's or tag's bare name, or the pull request's number: `#5`, `!5`. */
export function refName(ref: string): string {
  const pullRequest = pullRequestAt(ref);
  return oneLine(pullRequest?.name.replace(/^.* /, '') ?? ref.replace(/^refs\/(heads|tags)\//, ''), 120);
}

/** `Pull request #5`, `Merge request !5`. */
function pullRequestName(number: number, gitHost: GitHostKind = 'github'): string {
  const name = describeRef(pullRequestRef(gitHost, number));
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

/** Why the build ran, as a phrase for after “Why:”. E-mail addresses are left out, because the pages are public. */
export function describeCause(cause: Cause, gitHost?: GitHostKind): string {
  switch (cause.type) {
    case 'push':
      return `Push of commit ${shortCommit(cause.commit)} to ${describeRef(cause.ref)}${by(cause.pusher)}`;
    case 'index':
      return cause.change === 'added'
        ? `New in the index since its commit ${shortCommit(cause.commit)}`
        : `Index entry changed by its commit ${shortCommit(cause.commit)}${cause.keys?.length ? `: ${listed(cause.keys)}` : ''}`;
    case 'pull-request':
      return `${pullRequestName(cause.number, gitHost)} at commit ${shortCommit(cause.commit)}${by(cause.author)}`;
    case 'source-moved':
      return `Commit ${shortCommit(cause.commit)} found at ${describeRef(cause.ref)}; no event reported it`;
    case 'bases-changed':
      return `New base ${listed(cause.bases.map(({ image }) => image))}`;
    case 'packages-changed':
      return `Updates of ${cause.total === 1 ? 'a package' : `${cause.total} packages`}: ${listed(cause.updates, cause.total)}`;
    case 'parent-released':
      return `New release of ${listed(cause.parents)}`;
    case 'schedule':
      return `Schedule ${oneLine(cause.schedule, 80)}`;
    case 'manual':
      return `Requested by hand${by(cause.requester)}`;
    case 'rollback':
      return `Rollback to ${shortDigest(cause.to)}${by(cause.requester)}${because(cause.reason)}`;
    case 'unheld':
      return `End of a hold${by(cause.requester)}${because(cause.reason)}`;
  }
}

/** The first few of many. */
function listed(values: string[], total = values.length): string {
  const shown = values.slice(0, 3).map((value) => oneLine(value, 120));
  return `${shown.join(', ')}${total > shown.length ? ` and ${total - shown.length} more` : ''}`;
}

function by(pusher: string): string {
  const name = personName(pusher);
  return name ? ` by ${name}` : '';
}

function because(reason: string | undefined): string {
  return reason ? `: ${oneLine(reason, 300)}` : '';
}

/** A pusher's name without an e-mail address in it. */
export function personName(pusher: string): string {
  const [beforeAddress = ''] = pusher.split('<');
  return oneLine(beforeAddress.replace(/@\S*/g, ''), 60);
}

/** `Ada Lovelace: Count the loops` */
export function describeAuthored({ by, subject }: Authored): string {
  return [personName(by) || 'unknown', oneLine(subject, 200)].filter(Boolean).join(': ');
}

/** `40 ms`, `0.4 s`, `12 s`, `3 min 5 s`, `1 h 2 min`. */
export function describeDuration(milliseconds: number): string {
  if (milliseconds < 100) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  const rest = minutes % 60;
  return rest ? `${Math.floor(minutes / 60)} h ${rest} min` : `${Math.floor(minutes / 60)} h`;
}

/** `2026-11-21 01:16:42 UTC` */
export function exactTime(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The time from the build's creation to its end, or until now. */
export function elapsed(build: Pick<Build, 'createdAt' | 'endedAt'>, now: Date): number {
  return Date.parse(build.endedAt ?? now.toISOString()) - Date.parse(build.createdAt);
}

/** `2 critical, 1 low`, the worst first; `no findings` when all are zero. */
export function describeCounts(counts: Record<string, number>): string {
  const known = severities.map((severity) => [severity, counts[severity] ?? 0] as const);
  const parts = known.filter(([, count]) => count > 0).map(([severity, count]) => `${count} ${severity.toLowerCase()}`);
  return parts.length > 0 ? parts.join(', ') : 'no findings';
}

/** `passed`, `passed with 3 warnings`, `blocked` */
export function describeVerdict({ outcome, warnings = [] }: Verdict): string {
  if (outcome === 'block') return 'blocked';
  if (warnings.length === 0) return 'passed';
  return `passed with ${warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`}`;
}

/** What a status means, for somebody who sees its name for the first time. */
export function describeStatus(
  build: Pick<Build, 'status' | 'cause' | 'held' | 'failure' | 'waiting' | 'createdAt'>,
  now: Date,
): string {
  const { status, cause, held, failure } = build;
  if (cause.type === 'rollback') return rollbackMeanings[status] ?? 'The rollback waits for its turn.';
  if (status === 'queued') return describeQueued(build, now);
  if (held) return describeHeldBuild(held);
  if (cause.type === 'pull-request') {
    if (status === 'unchanged')
      return 'The image would be released. Images of pull requests are judged and not released.';
    if (status === 'blocked') return 'The policy would not let the image be released.';
    if (status === 'superseded') return 'A build of a newer commit of the pull request superseded it.';
  }
  if (status === 'cancelled' && failure && failure.error !== cancelledError) return 'Nothing was built.';
  return meanings[status];
}

/** The failure of a build that somebody stopped. */
export const cancelledError = 'BuildCancelledError';

/** A build that has waited for longer than this needs a reason, in milliseconds. */
const usualWait = 10 * 60_000;

const rollbackMeanings: Partial<Record<BuildStatus, string>> = {
  releasing: 'The floating tags are being moved back.',
  released: 'The floating tags name an earlier release again, and are held there.',
  cancelled: 'The rollback was refused. No tag was moved.',
  failed: 'The rollback ended with an error. Some of the tags may have been moved: call for it once more.',
};

function describeQueued(build: Pick<Build, 'waiting' | 'createdAt'>, now: Date): string {
  const since = queuedSince(build);
  const waited = now.getTime() - Date.parse(since);
  if (waited < 0)
    return `Waiting for the registry of its base image, which received too many requests. It is tried again at ${exactTime(since)}.`;
  if (waited < usualWait) return 'Waiting to be built.';
  return 'Waiting to be built: no machine is free. Nothing is wrong with the build. If this takes long, the quota of the AWS account for builds that run at once is too low.';
}

const meanings: Record<Exclude<BuildStatus, 'queued'>, string> = {
  building: 'The image is being built.',
  scanning: 'The image is built and is being scanned.',
  releasing: 'The image passed and is being released.',
  released: 'The image passed and is released.',
  unchanged: 'The build produced the image that is already released.',
  blocked: 'The image was built, but the policy does not let it be released.',
  failed: 'The build ended with an error. Nothing was released.',
  superseded: 'A newer build superseded it.',
  cancelled: 'The build was cancelled. Nothing was released.',
};

/** A repository's address as text, without credentials. */
export function describeSource(sourceUrl: string): string {
  return oneLine(webLink(sourceUrl) ?? sourceUrl.replace(/\/\/[^/@]*@/, '//'), 300);
}

/** The tag that the index wants, if the release has it; else the release's first. */
export function pullTag(project: string, tags: string[]): string | undefined {
  const desired = project.slice(project.indexOf(':') + 1);
  return tags.includes(desired) ? desired : tags[0];
}
