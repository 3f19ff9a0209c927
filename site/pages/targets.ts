import { describeTarget, targetLink } from '../../core/targets/describe-target.ts';
import { currentOf, type TargetState } from '../../core/targets/target-state.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine, webLink } from '../../core/text/one-line.ts';
import { ageElement } from './times.ts';

/** What each target of a project has, and what is in the way of what it is to have. */
export function targetsSection(targets: readonly TargetState[], now: Date): Html | undefined {
  if (targets.length === 0) return undefined;
  return html`<section id="targets"><h2>Deployed</h2><dl class="facts">${targets.map((target) => row(target, now))}</dl></section>`;
}

function row(target: TargetState, now: Date): Html {
  const link = webLink(targetLink(target) ?? '');
  const current = currentOf(target);
  const label = target.state === 'proposed' ? 'Pull request' : 'Commit';
  const before =
    target.state !== 'delivered' &&
    current &&
    html` Until then it has <a href="/builds/${current.build}">${oneLine(current.tag, 128)}</a>.`;
  return html`<div><dt>${oneLine(target.target, 300)}</dt><dd><a href="/builds/${target.wanted.build}">${describeTarget(target)}</a>.${before}
${link && html` <a href="${link}" rel="noopener nofollow">${label}</a>`} ${current && html`<span class="quiet">${ageElement(current.deliveredAt, now)}</span>`}</dd></div>`;
}
