import { pricesReadOn, pricesRegion } from '../../core/cost/prices.ts';
import { describeUsd, sumOf, totalUsd } from '../../core/cost/sum-costs.ts';
import { type Html, html } from '../../core/text/html.ts';
import { monthBefore, monthOf } from '../../core/time/month.ts';
import type { CostSelection, ProjectCost } from '../readers.ts';
import { address, layout, pager } from './layout.ts';
import { projectPath } from './project-path.ts';

const monthsLinked = 6;

export interface CostsPage extends CostSelection {
  /** The dearest first. */
  items: ProjectCost[];
  cursor: string | null;
  query: URLSearchParams;
  now: Date;
}

/** What the builds of a month cost on AWS. */
export function costsPage({ month, project, items, cursor, query, now }: CostsPage): Html {
  const sum = sumOf(items);
  const builds = items.reduce((count, each) => count + each.builds, 0);
  const isPart = cursor !== null || query.has('cursor');
  return layout({
    title: `Costs of ${month}`,
    api: `/api/v1/costs?${new URLSearchParams({ month, ...(project === undefined ? {} : { project }) })}`,
    main: html`<div class="head"><h1>Costs of ${month}${project && html`: ${project}`}</h1>${months(month, project, now)}</div>
<p class="meaning">${counted(builds)} cost ${describeUsd(totalUsd(sum))} on AWS${isPart && ' on this page'}, of which ${describeUsd(sum.controlUsd)} is not for their machines. To keep their images costs up to ${describeUsd(sum.storageUsdPerMonth)} a month.</p>
<p class="quiet">The time of machines and the sizes of images are measured, and the rest is estimated. Prices of ${pricesRegion}, read on ${pricesReadOn}, without free tiers and taxes. On one machine it is what AWS would ask.</p>
<section>${items.length > 0 ? table(items, month) : html`<p class="empty">No build of this month has ended.</p>`}</section>
${pager('/costs', query, cursor)}`,
  });
}

function table(items: readonly ProjectCost[], month: string): Html {
  return html`<table class="findings tag-table amounts" aria-label="Costs by project"><thead><tr><th scope="col">Project</th><th scope="col">Builds</th><th scope="col">Machines</th><th scope="col">The rest</th><th scope="col">Together</th></tr></thead>
<tbody>${items.map(({ project, builds, ...cost }) => {
    const ofProject = address('/costs', new URLSearchParams({ month, project }));
    return html`<tr><td data-label="Project"><a href="${projectPath(project)}">${project}</a></td><td data-label="Builds"><a href="${ofProject}">${counted(builds)}</a></td><td data-label="Machines">${describeUsd(cost.machineUsd)}</td><td data-label="The rest">${describeUsd(cost.controlUsd)}</td><td data-label="Together"><b>${describeUsd(totalUsd(cost))}</b></td></tr>
`;
  })}</tbody></table>`;
}

const counted = (builds: number) => (builds === 1 ? '1 build' : `${builds.toLocaleString('en')} builds`);

function months(shown: string, project: string | undefined, now: Date): Html {
  const listed = [monthOf(now)];
  while (listed.length < monthsLinked) listed.push(monthBefore(listed.at(-1) ?? shown));
  return html`<nav class="filters" aria-label="Months">${listed
    .toReversed()
    .map(
      (month) =>
        html`<a href="${address('/costs', new URLSearchParams({ month, ...(project && { project }) }))}"${month === shown && html` aria-current="true"`}>${month}</a> `,
    )}</nav>`;
}
