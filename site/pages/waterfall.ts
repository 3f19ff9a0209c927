import { describeDuration, elapsed, exactTime } from '../../core/builds/describe-build.ts';
import { type Build, isTerminal, type Stage, type StageName, stageNames } from '../../core/model/build.ts';
import type { BuilderSteps } from '../../core/model/builder-contract.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Recorded } from '../build-records.ts';
import { icon, stageTone, type Tone } from './status.ts';

/** The stages of a build, and of the first one the builder's steps, as a table whose bars show when each ran. */
export function waterfall(build: Build, steps: Recorded<BuilderSteps>, now: Date): Html {
  const scale = { start: Date.parse(build.createdAt), length: Math.max(1, elapsed(build, now)) };
  const rows = stageNames.flatMap((name) => {
    const stage = build.stages[name];
    if (!stage) return [absentRow(name, build)];
    const period = { startedAt: stage.startedAt, endedAt: stage.endedAt ?? now.toISOString() };
    const own = name === 'build' ? stepRows(steps, period, stage.status) : [];
    return [
      row({ name, period, tone: stageTone(stage.status), said: stage.status, className: 'stage' }, scale),
      ...own.map((step) => row(step, scale)),
    ];
  });
  return html`<table class="waterfall"><caption class="unseen">The stages of the build, with their durations</caption>
<thead class="unseen"><tr><th scope="col">Stage</th><th scope="col">State</th><th scope="col">When</th><th scope="col">Took</th></tr></thead>
<tbody>${rows}</tbody></table>`;
}

interface Period {
  startedAt: string;
  endedAt: string;
}

interface Row {
  name: string;
  period: Period;
  tone: Tone;
  said: string;
  className: 'stage' | 'step';
}

interface Scale {
  start: number;
  length: number;
}

function row({ name, period, tone, said, className }: Row, { start, length }: Scale): Html {
  const began = Date.parse(period.startedAt);
  const took = Date.parse(period.endedAt) - began;
  const x = Math.min(99.5, Math.max(0, ((began - start) / length) * 100));
  const width = Math.min(100 - x, Math.max(0.5, (took / length) * 100));
  return html`<tr class="${className}"><th scope="row">${className === 'stage' && icon(tone)}${name}</th><td><span class="unseen">${said}</span></td>
<td title="${exactTime(period.startedAt)} to ${exactTime(period.endedAt)}"><svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect class="${tone}" x="${x.toFixed(2)}" width="${width.toFixed(2)}" height="1"/></svg></td>
<td>${describeDuration(took)}</td></tr>`;
}

function absentRow(name: StageName, { status }: Build): Html {
  return html`<tr class="absent"><th scope="row">${icon('quiet')}${name}</th><td></td><td></td><td>${isTerminal(status) ? 'not run' : 'to come'}</td></tr>`;
}

/** The headings of the builder's log that end it and are no steps. */
const ends = new Set(['done', 'failed']);

function stepRows(steps: Recorded<BuilderSteps>, stage: Period, status: Stage['status']): Row[] {
  if (steps === undefined || steps === 'unreadable') return [];
  return steps.steps.flatMap(({ name, startedAt }, at, all): Row[] => {
    if (ends.has(name)) return [];
    const next = all[at + 1];
    const isLast = next === undefined || ends.has(next.name);
    const said = isLast ? status : 'succeeded';
    const period = { startedAt, endedAt: next?.startedAt ?? stage.endedAt };
    return [{ name: oneLine(name, 40), period, tone: stageTone(said), said, className: 'step' }];
  });
}
