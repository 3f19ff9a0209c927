import { describeDuration, elapsed, exactTime } from '../../core/builds/describe-build.ts';
import { type Build, isReleasable, isTerminal } from '../../core/model/build.ts';
import { severities } from '../../core/model/findings.ts';
import { type Html, html } from '../../core/text/html.ts';
import { type BarChart, barChart, highest } from '../charts/bar-chart.ts';
import { tones } from './status.ts';
import { ageElement } from './times.ts';

/** How long a project's builds took and how they ended, and what the scans of their images found; the oldest first. */
export function historySection(builds: readonly Build[], now: Date): Html | undefined {
  const ended = builds.filter(
    ({ ref, status, cause }) => isReleasable(ref) && isTerminal(status) && cause.type !== 'rollback',
  );
  if (ended.length < 2) return undefined;
  const oldestFirst = ended.toReversed();
  const judged = oldestFirst.filter(({ verdict }) => verdict);
  const vulnerable = judged.filter(({ verdict }) => Object.values(verdict?.counts ?? {}).some((count) => count > 0));
  return html`<section id="history"><h2>History</h2>
<div class="card">${figure('Duration and outcome', oldestFirst, now, describeDuration, {
    title: `How long the last ${ended.length} builds took, and how they ended`,
    bars: oldestFirst.map((build) => ({
      label: `${build.status}, ${describeDuration(elapsed(build, now))}`,
      href: `/builds/${build.id}`,
      parts: [{ className: tones[build.status], value: elapsed(build, now) }],
    })),
  })}
${
  vulnerable.length > 0 &&
  figure('Vulnerabilities', judged, now, (value) => value.toLocaleString('en'), {
    title: `How many vulnerabilities the images of the last ${judged.length} judged builds had`,
    bars: judged.map((build) => ({
      label: countsOf(build),
      href: `/builds/${build.id}`,
      parts: severities.toReversed().map((severity) => ({
        className: severity.toLowerCase(),
        value: build.verdict?.counts[severity] ?? 0,
      })),
    })),
  })
}
${judged.length > 1 && vulnerable.length === 0 && html`<p class="quiet small">No image of the last ${judged.length} judged builds had a known vulnerability.</p>`}
${table(ended, now)}</div></section>`;
}

function figure(
  title: string,
  builds: readonly Build[],
  now: Date,
  describe: (value: number) => string,
  chart: BarChart,
): Html {
  return html`<figure><figcaption>${title} <span class="quiet small">at most ${describe(highest(chart.bars))}</span></figcaption>${barChart(chart)}
${builds[0] && html`<p class="small quiet">The last ${builds.length}, from ${ageElement(builds[0].createdAt, now)} on.</p>`}</figure>`;
}

/** The numbers of the charts, the newest first, for people who cannot see them. */
function table(builds: readonly Build[], now: Date): Html {
  return html`<details id="numbers"><summary>As a table</summary><table class="plain" aria-label="The numbers of the charts"><thead><tr><th scope="col">Build</th><th scope="col">Outcome</th><th scope="col">Duration</th><th scope="col">Vulnerabilities</th></tr></thead><tbody>${builds.map(
    (build) =>
      html`<tr><td><a href="/builds/${build.id}">${exactTime(build.createdAt)}</a></td><td>${build.status}</td><td>${describeDuration(elapsed(build, now))}</td><td>${countsOf(build)}</td></tr>`,
  )}</tbody></table></details>`;
}

function countsOf({ verdict }: Build): string {
  const parts = severities.flatMap((severity) => {
    const count = verdict?.counts[severity] ?? 0;
    return count > 0 ? [`${count.toLocaleString('en')} ${severity.toLowerCase()}`] : [];
  });
  return parts.join(', ') || (verdict ? 'none' : 'not judged');
}
