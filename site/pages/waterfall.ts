import { type BuildPeriod, periodsOf } from '../../core/builds/build-periods.ts';
import { describeDuration, elapsed, exactTime } from '../../core/builds/describe-build.ts';
import { type Build, isTerminal, type StageName, stageNames } from '../../core/model/build.ts';
import type { BuilderSteps } from '../../core/model/builder-contract.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Recorded } from '../build-records.ts';
import { icon, stageTone } from './status.ts';

/** The stages of a build, and of the first one the builder's steps, as a table whose bars show when each ran. */
export function waterfall(build: Build, steps: Recorded<BuilderSteps>, now: Date): Html {
  const scale = { start: Date.parse(build.createdAt), length: Math.max(1, elapsed(build, now)) };
  const known = steps === undefined || steps === 'unreadable' ? [] : steps.steps;
  const periods = periodsOf(build, known, now);
  const rows = stageNames.flatMap((stage) => {
    const own = periods.filter((period) => period.stage === stage);
    return own.length === 0 ? [absentRow(stage, build)] : own.map((period) => row(period, scale));
  });
  return html`<table class="waterfall"><caption class="unseen">The stages of the build, with their durations</caption>
<thead class="unseen"><tr><th scope="col">Stage</th><th scope="col">State</th><th scope="col">When</th><th scope="col">Took</th></tr></thead>
<tbody>${rows}</tbody></table>`;
}

interface Scale {
  start: number;
  length: number;
}

function row({ kind, name, status, startedAt, endedAt }: BuildPeriod, { start, length }: Scale): Html {
  const began = Date.parse(startedAt);
  const took = Date.parse(endedAt) - began;
  const x = Math.min(99.5, Math.max(0, ((began - start) / length) * 100));
  const width = Math.min(100 - x, Math.max(0.5, (took / length) * 100));
  const tone = stageTone(status);
  return html`<tr class="${kind}"><th scope="row">${kind === 'stage' && icon(tone)}${oneLine(name, 40)}</th><td><span class="unseen">${status}</span></td>
<td title="${exactTime(startedAt)} to ${exactTime(endedAt)}"><svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect class="${tone}" x="${x.toFixed(2)}" width="${width.toFixed(2)}" height="1"/></svg></td>
<td>${describeDuration(took)}</td></tr>`;
}

function absentRow(name: StageName, { status }: Build): Html {
  return html`<tr class="absent"><th scope="row">${icon('quiet')}${name}</th><td></td><td></td><td>${isTerminal(status) ? 'not run' : 'to come'}</td></tr>`;
}
