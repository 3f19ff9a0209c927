import { unknownVersion } from '../model/findings.ts';
import type { Purl } from '../model/purl.ts';
import { isAccepting, type VexStatement } from '../model/vex.ts';
import { isOfDistribution, packageNameOf, packageVersionOf } from '../sbom/purl.ts';
import type { Waivable } from './waivable.ts';

/**
 * Finds the statement that counts for a finding: the newest one about its vulnerability (by any of its names) and its package. If it is
 * unknown whether the packages are the same, a statement that accepts does not count, and any other does.
 * @param statements the newest first
 */
export function statementsOn(statements: readonly VexStatement[]): (finding: Waivable) => VexStatement | undefined {
  const byId = new Map<string, number[]>();
  for (const [order, { ids }] of statements.entries()) {
    for (const id of ids) {
      const orders = byId.get(id);
      if (orders) orders.push(order);
      else byId.set(id, [order]);
    }
  }
  // A newer statement on the same vulnerability may use another of its names.
  const relatedTo = (id: string, direct: readonly number[]): readonly number[] => {
    const all = new Set(direct);
    for (const order of direct) {
      for (const name of statements[order]?.ids ?? []) {
        if (name !== id) for (const other of byId.get(name) ?? []) all.add(other);
      }
    }
    return all.size === direct.length ? direct : [...all].sort((one, other) => one - other);
  };
  const related = new Map<string, readonly number[]>();
  return (finding) => {
    let newest = Infinity;
    for (const id of finding.ids) {
      const direct = byId.get(id);
      if (!direct) continue;
      const orders = related.get(id) ?? relatedTo(id, direct);
      if (orders !== direct) related.set(id, orders);
      for (const order of orders) {
        if (order >= newest) break;
        if (isAbout(statements[order], finding)) newest = order;
      }
    }
    return statements[newest];
  };
}

function isAbout(statement: VexStatement | undefined, finding: Waivable): boolean {
  if (!statement?.packages) return statement !== undefined;
  const ifUnknown = isAccepting(statement.status) ? 'no' : 'yes';
  return statement.packages.some((stated) => {
    const match = matchOf(stated, finding);
    return (match === 'unknown' ? ifUnknown : match) === 'yes';
  });
}

type Match = 'yes' | 'no' | 'unknown';

/**
 * Whether a statement's package URL is that of a finding's package. Type, namespace and name are always compared; version, qualifiers and
 * subpath only where the statement gives them.
 */
export function matchOf(stated: Purl, { package: name, installed, purl: found }: Waivable): Match {
  if (!found) return name === undefined ? 'no' : matchOfName(stated, name, installed);
  if (stated.type !== found.type || stated.name !== found.name) return 'no';
  let match = matchOfNamespace(stated, found);
  match = worse(match, matchOfPart(stated.version, found.version));
  match = worse(match, matchOfPart(stated.subpath, found.subpath));
  for (const [key, value] of Object.entries(stated.qualifiers ?? {})) {
    match = worse(match, matchOfQualifier(key, value, found));
  }
  return match;
}

/** A finding without a package URL: with another name it is certainly another package, with the same name it may be. */
function matchOfName(stated: Purl, name: string, installed: string | undefined): Match {
  if (comparable(packageNameOf(stated)) !== comparable(name)) return 'no';
  const isOther = stated.version && installed !== unknownVersion && installed !== packageVersionOf(stated);
  return isOther ? 'no' : 'unknown';
}

const comparable = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

function matchOfNamespace(stated: Purl, found: Purl): Match {
  if (stated.namespace === undefined && isOfDistribution(stated)) return 'unknown';
  return vendorOf(stated.namespace) === vendorOf(found.namespace) ? 'yes' : 'no';
}

/** SBOM generators name some distributions by the ID in os-release, and others by their name. */
const vendors: Readonly<Record<string, string>> = { amzn: 'amazon', ol: 'oracle', rhel: 'redhat', almalinux: 'alma' };

function vendorOf(namespace: string | undefined): string | undefined {
  return namespace !== undefined && Object.hasOwn(vendors, namespace) ? vendors[namespace] : namespace;
}

function matchOfQualifier(key: string, stated: string, { type, version, qualifiers }: Purl): Match {
  // An rpm version without an epoch has epoch 0.
  const none = key === 'epoch' && type === 'rpm' && version !== undefined ? '0' : undefined;
  const match = matchOfPart(stated, qualifiers?.[key] ?? none);
  // `bookworm` may be `debian-12`: only two numbered releases are surely different.
  const isRelease = key === 'distro' && /^[a-z]+-\d+(?:\.\d+)*$/.test(stated);
  return match === 'no' && key === 'distro' && !isRelease ? 'unknown' : match;
}

function matchOfPart(stated: string | undefined, found: string | undefined): Match {
  if (stated === undefined || stated === found) return 'yes';
  return found === undefined ? 'unknown' : 'no';
}

function worse(one: Match, other: Match): Match {
  if (one === 'no' || other === 'no') return 'no';
  return one === 'unknown' ? one : other;
}
