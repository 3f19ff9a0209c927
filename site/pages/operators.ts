import { type OperatorsReport, operatorsPaths } from '../../core/api/operators.ts';
import { cascadeIdForm } from '../../core/model/cascade-id.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { layout } from './layout.ts';
import { icon } from './status.ts';
import { ageElement } from './times.ts';

type OperatorsPage = OperatorsReport & { now: Date };

/** What only operators may know. */
export function operatorsPage({
  builds,
  queues,
  deliveries,
  failingSources,
  unreachableAddresses,
  now,
}: OperatorsPage): Html {
  return layout({
    title: 'For operators',
    api: operatorsPaths.json,
    main: html`<div class="head"><h1>For operators</h1></div>
<p class="meaning">As of ${now.toISOString().slice(11, 16)} UTC. SQS counts its queues about once a minute.</p>
<section id="queues"><h2>Queues</h2><dl class="facts">${queues.map(queueRow)}
<div><dt>builds</dt><dd>${icon(isFull(builds) ? 'warning' : 'good')} ${buildsLine(builds)}</dd></div></dl></section>
<section id="sources"><h2>Sources that cannot be read</h2>${listOr(
      'Sources that cannot be read',
      'Every repository answered the last time.',
      ['Repository', 'Why', 'Failed', 'Asked again'],
      failingSources.map(({ source, failures, error, retryAt }) => [
        html`<code class="long">${oneLine(nameOf(source), 300)}</code>`,
        oneLine(error ?? 'unknown', 300),
        failures === 1 ? 'once' : `${failures} times`,
        retryAt === null ? 'soon' : html`<time datetime="${retryAt}">${retryAt.slice(11, 16)} UTC</time>`,
      ]),
    )}</section>
<section id="addresses"><h2>Addresses that mails do not reach</h2>${listOr(
      'Addresses that mails do not reach',
      'No mail has bounced or was marked as spam.',
      ['Address', 'Why', 'What happened', 'When'],
      unreachableAddresses.map(({ address, kind, at, reason }) => [
        html`<span class="long">${oneLine(address, 300)}</span>`,
        oneLine(reason ?? '', 300) || 'The server gave no reason.',
        kind === 'bounced' ? 'bounced' : 'marked as spam',
        ageElement(at, now),
      ]),
    )}</section>
<section id="deliveries"><h2>What came in</h2>${listOr(
      'What came in',
      'Nothing has come in during the last 30 days.',
      ['About', 'Outcome', 'Kind', 'When'],
      deliveries.map(({ delivery, type, subject, outcome, builds: begun, handledAt }) => [
        html`<span class="long">${oneLine(subject ?? '', 300)}</span><code class="why">${oneLine(delivery, 100)}</code>`,
        html`${withCascade(oneLine(outcome, 300))} ${begun.slice(0, 3).map((build) => html`<a href="/builds/${build}"><code>${build.slice(0, 7)}</code></a> `)}`,
        type ?? 'unknown',
        ageElement(handledAt, now),
      ]),
    )}</section>`,
  });
}

const cascadeId = new RegExp(`\\b(${cascadeIdForm})\\b`);

/** An outcome that names a cascade leads to it. */
function withCascade(outcome: string): Html {
  const [before, cascade, after] = outcome.split(cascadeId);
  return html`${before}${cascade && html`<a href="/cascades/${cascade}"><code>${cascade.slice(-6)}</code></a>`}${after}`;
}

function queueRow({ name, waiting, inProgress, delayed, failed }: OperatorsReport['queues'][number]): Html {
  const isWell = failed === 0;
  return html`<div><dt>${name}</dt><dd>${icon(isWell ? 'good' : 'bad')} ${waiting} waiting, ${inProgress} in progress, ${delayed} put off${!isWell && html`, <b>${failed} failed</b>: docs/operations.md says how to send these again`}</dd></div>
`;
}

const isFull = ({ quota, running }: OperatorsReport['builds']) => quota !== null && running >= quota;

function buildsLine({ quota, running, waiting }: OperatorsReport['builds']): Html {
  const most = quota === null ? 'Service Quotas does not say how many may' : `${quota} may`;
  return html`<a href="/?status=building">${running} running</a>, <a href="/?status=queued">${waiting} waiting</a>; ${most} run at once in the account`;
}

/** `//host` means all of a host. */
const nameOf = (source: string) => (source.startsWith('//') ? `all of ${source.slice(2)}` : source);

type Cell = Html | string;

function listOr(label: string, empty: string, titles: readonly string[], rows: readonly Cell[][]): Html {
  if (rows.length === 0) return html`<p class="calm">${icon('good')} ${empty}</p>`;
  return html`<table class="findings tag-table" aria-label="${label}"><thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (cells) => html`<tr>${cells.map((cell, at) => html`<td data-label="${titles[at]}">${cell}</td>`)}</tr>
`,
  )}</tbody></table>`;
}
