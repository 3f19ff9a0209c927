import { describeDuration, elapsed, exactTime } from '../../core/builds/describe-build.ts';
import { type Build, isReleasable, isTerminal } from '../../core/model/build.ts';
import { severities } from '../../core/model/findings.ts';
import { type Html, html } from '../../core/text/html.ts';
import { type BarChart, barChart, highest } from '../charts/bar-chart.ts';
import { tones } from './status.ts';

/** How long a project's builds took and how they ended, and what the scans of their images found; the oldest first. */
export function historySection(builds: readonly Build[], now: Date): Html | undefined {
  const ended = builds.filter(
    ({ ref, status, cause }) => isReleasable(ref) && isTerminal(status) && cause.type !== 'rollback',
  );
  if (ended.length < 2) return undefined;
  const oldestFirst = ended.toReversed();
  const judged = oldestFirst.filter(({ verdict }) => verdict);
  return html`<section id="history"><h2>History</h2>
${figure('Duration and outcome', describeDuration, {
  title: `How long the last ${ended.length} builds took, and how they ended`,
  bars: oldestFirst.map((build) => ({
    label: `${exactTime(build.createdAt)}: ${build.status}, ${describeDuration(elapsed(build, now))}`,
    href: `/builds/${build.id}`,
    parts: [{ className: tones[build.status], value: elapsed(build, now) }],
  })),
})}
${
  judged.length > 1 &&
  judged.every(({ verdict }) => Object.values(verdict?.counts ?? {}).every((count) => count === 0)) &&
  html`<p class="quiet">No image of the last ${judged.length} judged builds had a known vulnerability.</p>`
}${
  judged.some(({ verdict }) => Object.values(verdict?.counts ?? {}).some((count) => count > 0)) &&
  figure('Vulnerabilities at each build', (value) => value.toLocaleString('en'), {
    title: `How many vulnerabilities the images of the last ${judged.length} judged builds had`,
    bars: judged.map((build) => ({
      label: `${exactTime(build.createdAt)}: ${countsOf(build)}`,
      href: `/builds/${build.id}`,
      parts: severities.toReversed().map((severity) => ({
        className: severity.toLowerCase(),
        value: build.verdict?.counts[severity] ?? 0,
      })),
    })),
  })
}</section>`;
}

/** A chart, with its numbers as a list for who cannot see it. */
function figure(title: string, describe: (value: number) => string, chart: BarChart): Html {
  const id = title.replaceAll(/\W+/g, '-').toLowerCase();
  return html`<figure class="card"><figcaption>${title} <span class="quiet small">at most ${describe(highest(chart.bars))}</span></figcaption>${barChart(chart)}
<details id="${id}"><summary>As a table</summary><table class="plain"><thead><tr><th scope="col">Build</th></tr></thead><tbody>${chart.bars
    .toReversed()
    .map(
      ({ label, href }) => html`<tr><td><a href="${href}">${label}</a></td></tr>`,
    )}</tbody></table></details></figure>`;
}

function countsOf({ verdict }: Build): string {
  const parts = severities.flatMap((severity) => {
    const count = verdict?.counts[severity] ?? 0;
    return count > 0 ? [`${count.toLocaleString('en')} ${severity.toLowerCase()}`] : [];
  });
  return parts.join(', ') || 'no findings';
}
