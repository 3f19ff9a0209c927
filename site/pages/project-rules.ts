import { personName } from '../../core/builds/describe-build.ts';
import { type OwnPolicy, type Response, responses } from '../../core/model/policy.ts';
import type { Project } from '../../core/model/project.ts';
import { purlText } from '../../core/sbom/purl.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { dayOf } from '../../core/time/day.ts';

/** The rules for a project's images, as far as its entry or the index sets them. */
export function ruleRows({ policy, exceptions = [], vex = [] }: Project, now: Date): [label: string, value: Html][] {
  const today = dayOf(now);
  const accepted = [
    ...exceptions.map((each) => ({
      ids: [each.id],
      packages: each.package === undefined ? [] : [each.package],
      expires: each.expires,
      why: `${each.reason}${personName(each.owner) && ` (${personName(each.owner)})`}`,
    })),
    ...vex.map(({ ids, packages = [], status, justification, expires, file }) => ({
      ids,
      packages: packages.map(purlText),
      expires,
      why: `${(justification ?? status).replaceAll('_', ' ')} (${file})`,
    })),
  ];
  const sentences = policy ? describePolicy(policy) : [];
  return [
    ...(sentences.length > 0
      ? [['Policy', list(sentences.map((sentence) => html`${sentence}`))] as [string, Html]]
      : []),
    ...(accepted.length > 0
      ? [['Accepted', list(accepted.map((each) => acceptedItem(each, today)))] as [string, Html]]
      : []),
  ];
}

function acceptedItem(
  { ids, packages, expires, why }: { ids: string[]; packages: string[]; expires: string; why: string },
  today: string,
): Html {
  const [id = '', ...others] = ids;
  const of = packages.length > 0 ? ` in ${packages.slice(0, 3).join(', ')}${packages.length > 3 ? ', …' : ''}` : '';
  return html`<code>${oneLine(id, 100)}</code>${others.length > 0 && html` <span class="quiet">${oneLine(others.join(', '), 200)}</span>`}${oneLine(of, 300) && html` ${oneLine(of, 300)}`}
until ${expires}${expires < today && html` <b>(ended)</b>`}: ${oneLine(why, 500)}`;
}

/** One phrase for each key that a policy sets. */
function describePolicy(policy: OwnPolicy): string[] {
  const { maxSeverity, maxUnfixableSeverity, unscannable, unsigned, scanners = {}, frontends = [] } = policy;
  const of = (response: Response) =>
    Object.entries(scanners).flatMap(([name, action]) => (action === response ? [name] : []));
  const verbs: Record<Response, string> = { block: 'block', warn: 'warn', ignore: 'are ignored' };
  return [
    maxSeverity && `vulnerabilities of ${maxSeverity} at most`,
    maxUnfixableSeverity && `${maxUnfixableSeverity} at most where no newer version fixes them`,
    unscannable && `an image that cannot be scanned ${unscannable === 'warn' ? 'passes with a warning' : 'is blocked'}`,
    unsigned &&
      `an image that cannot be signed ${unsigned === 'warn' ? 'is released with a warning' : 'is not released'}`,
    ...responses.map(
      (response) => of(response).length > 0 && `findings of ${of(response).join(', ')} ${verbs[response]}`,
    ),
    frontends.length > 0 && `Dockerfiles may name the frontends ${frontends.join(', ')}`,
  ].filter((sentence) => typeof sentence === 'string');
}

function list(items: Html[]): Html {
  return html`<ul class="reasons">${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}
