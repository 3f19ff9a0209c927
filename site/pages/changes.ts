import { shortDigest } from '../../core/builds/describe-build.ts';
import type { Build } from '../../core/model/build.ts';
import { describeAgainst, describeSizeChange, learnt, plural } from '../../core/releases/describe-diff.ts';
import type { Comparison } from '../../core/releases/image-diff.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Recorded } from '../build-records.ts';

/** The page shows this many items of each list. */
const shown = 25;

/** What differs from the image that was released before. */
export function changesSection(build: Build, comparison: Recorded<Comparison>): Html | undefined {
  if (comparison === undefined) return undefined;
  if (comparison === 'unreadable') return section(html`<p class="quiet">The record of it cannot be read.</p>`);
  const { against, packages, vulnerabilities, scanners = [], size, leftOut } = comparison;
  const lists = [
    packages && list('package', 'updated', packages.updated, updated),
    packages && list('package', 'added', packages.added, onePackage),
    packages && list('package', 'removed', packages.removed, onePackage),
    vulnerabilities && list('vulnerability', 'fixed', vulnerabilities.fixed, vulnerability),
    vulnerabilities && list('vulnerability', 'introduced', vulnerabilities.introduced, vulnerability),
    vulnerabilities && list('vulnerability', learnt, vulnerabilities.learnt, vulnerability),
    ...scanners.flatMap(({ scanner, appeared, gone }) => [
      list(`finding of ${scanner}`, 'new', appeared, scannerFinding),
      list(`finding of ${scanner}`, 'gone', gone, scannerFinding),
    ]),
  ].filter((each) => each !== undefined);
  return section(
    html`<p class="quiet">Against ${describeAgainst(against, build)}, <a href="/builds/${oneLine(against.build, 40)}">build ${oneLine(against.build, 40).slice(0, 8)}</a>,
<code>${shortDigest(against.digest)}</code></p>
${lists}
${lists.length === 0 && html`<p>${nothing(comparison)}</p>`}
${size && html`<p>Size in the registry: ${describeSizeChange(size)}.</p>`}
${leftOut.length > 0 && html`<ul class="reasons quiet">${leftOut.map(({ reason }) => html`<li>Not compared: ${oneLine(reason, 500)}</li>`)}</ul>`}`,
    `/api/v1/builds/${build.id}/comparison`,
  );
}

function section(content: Html, api?: string): Html {
  return html`<section id="changes"><div class="head"><h2>What changed since the last release</h2>${api && html`<a href="${api}">All as JSON</a>`}</div>
${content}</section>`;
}

function nothing({ packages, vulnerabilities }: Comparison): string {
  if (packages && vulnerabilities) return 'The packages and the known vulnerabilities are the same.';
  if (packages) return 'The packages are the same.';
  return vulnerabilities ? 'The known vulnerabilities are the same.' : 'Nothing could be compared.';
}

function list<Item>(
  noun: string,
  verb: string,
  { items, total }: { items: readonly Item[]; total: number },
  item: (item: Item) => Html,
): Html | undefined {
  if (total === 0) return undefined;
  const more = total - Math.min(items.length, shown);
  const id = `${noun}-${verb}`.replaceAll(/\W+/g, '-');
  return html`<details class="card" id="${id}"><summary>${total.toLocaleString('en')} ${total === 1 ? noun : nouns(noun)} ${verb}</summary>
<ul class="reasons">${items.slice(0, shown).map((each) => html`<li>${item(each)}</li>`)}${more > 0 && html`<li class="quiet">and ${more.toLocaleString('en')} more</li>`}</ul></details>`;
}

/** `findings of dockerfile-lint` */
const nouns = (noun: string) => noun.replace(/^\w+/, plural);

const updated = ({ name, before, after }: { name: string; before: string; after: string }) =>
  html`<b>${name}</b> ${before} → ${after}`;

const onePackage = ({ name, version, architecture }: { name: string; version: string; architecture: string }) =>
  html`<b>${name}</b> ${version} <span class="quiet">${architecture}</span>`;

const vulnerability = ({ id, package: name, severity }: { id: string; package: string; severity: string }) =>
  html`<b>${oneLine(id, 100)}</b> ${severity.toLowerCase()} in ${oneLine(name, 200)}`;

const scannerFinding = ({ sentence }: { sentence: string }) => html`${oneLine(sentence, 600)}`;
