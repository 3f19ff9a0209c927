import type { Build, Cause } from '../core/model/build.ts';
import type { RetentionDecision } from '../core/retention/retention-plan.ts';
import { maySee, type Viewer } from '../core/visibility/viewer.ts';
import type { Page, PageRequest } from '../services/tables/page.ts';
import type { SiteParts } from './parts.ts';
import type { CascadeMember, CascadeReader, KnownProject } from './readers.ts';

/** A list goes on behind what it leaves out, with so many reads. */
const mostReads = 4;
/** Where the first read has only what is hidden, the next ones read so much, because a page that is empty but has a next one tells of it. */
const readAhead = 100;
/** A cascade with more members counts as one with private ones. */
const membersRead = 1000;
/** In place of a project's name, in what another project shows. */
const unnamed = 'a private project';

/**
 * The stores as somebody may see them. Whatever belongs to a project that is hidden from the viewer is as if it did not exist, for every
 * page, badge, feed and call of the API: they read through these parts only.
 */
export async function visibleParts(parts: SiteParts, viewer: Viewer): Promise<SiteParts> {
  if (viewer.seesAll) return parts;
  const privates = await parts.projects.listPrivate();
  const hidden = new Set(privates.filter((project) => !maySee(viewer, project)).map(({ name }) => name));
  // The index of the private projects follows the table by a moment; what was read itself is newer.
  const isShown = (project: KnownProject) => !hidden.has(project.name) && maySee(viewer, project);
  const isOfShown = ({ project }: { project: string }) => !hidden.has(project);
  const isHidden = ({ project }: { project?: string | undefined }) => project !== undefined && hidden.has(project);
  const named = (name: string) => (hidden.has(name) ? unnamed : name);
  const causeOf = (cause: Cause): Cause =>
    cause.type === 'parent-released' ? { ...cause, parents: cause.parents.map(named) } : cause;
  const buildOf = (build: Build): Build => ({ ...build, cause: causeOf(build.cause) });
  const projectOf = (project: KnownProject): KnownProject => ({
    ...project,
    dependsOn: project.dependsOn.map(named),
    bases: project.bases?.filter(({ image }) => ![...hidden].some((name) => image.endsWith(`/${name}`))),
  });
  const decisionOf = (decision: RetentionDecision): RetentionDecision => ({
    ...decision,
    reasons: decision.reasons.map((reason) =>
      'project' in reason ? { ...reason, project: named(reason.project) } : reason,
    ),
  });
  const shownProjects = (found: readonly KnownProject[]) => found.filter(isShown).map(projectOf);
  const { builds, projects, cascades, relations, releases } = parts;
  return {
    ...parts,
    builds: {
      async get(id) {
        const found = await builds.get(id);
        return found && isOfShown(found) ? buildOf(found) : undefined;
      },
      getMany: async (ids) => (await builds.getMany(ids)).filter(isOfShown).map(buildOf),
      async list(selection, request) {
        const read = (wanted: PageRequest) => builds.list(selection, wanted);
        return isHidden(selection) ? { items: [] } : mapPage(await without(read, request, isOfShown), buildOf);
      },
      async costs(selection, request) {
        const read = (wanted: PageRequest) => builds.costs(selection, wanted);
        return isHidden(selection) ? { items: [] } : without(read, request, isOfShown);
      },
    },
    projects: {
      ...projects,
      async get(name) {
        const found = await projects.get(name);
        return found && shownProjects([found])[0];
      },
      getMany: async (names) => shownProjects(await projects.getMany(names)),
      list: async (start, request) =>
        mapPage(await without((wanted) => projects.list(start, wanted), request, isShown), projectOf),
      listJobs: async (start, request) =>
        mapPage(await without((wanted) => projects.listJobs(start, wanted), request, isShown), projectOf),
      withProblem: async (problem, request) =>
        mapPage(await without((wanted) => projects.withProblem(problem, wanted), request, isShown), projectOf),
      bySource: async (source) => shownProjects(await projects.bySource(source)),
    },
    cascades: hidden.size === 0 ? cascades : visibleCascades(cascades, { isOfShown, named, causeOf }),
    relations: {
      ...relations,
      dependents: (project) => relations.dependents(project, (name) => !hidden.has(name)),
    },
    releases: {
      ...releases,
      ofProject: async (project, request, tag) =>
        hidden.has(project) ? { items: [] } : releases.ofProject(project, request, tag),
      withDigest: (digest, request) => without((wanted) => releases.withDigest(digest, wanted), request, isOfShown),
      async retention(path) {
        const report = await releases.retention(path);
        return report && { ...report, decisions: report.decisions.map(decisionOf) };
      },
    },
  };
}

interface Hiding {
  isOfShown: (member: CascadeMember) => boolean;
  named: (name: string) => string;
  causeOf: (cause: Cause) => Cause;
}

/**
 * A cascade of hidden projects alone is hidden. One of others too does not say what set it off: that may be a base image which only the
 * hidden ones have.
 */
function visibleCascades(cascades: CascadeReader, { isOfShown, named, causeOf }: Hiding): CascadeReader {
  async function seen(id: string): Promise<'all' | 'some' | 'none'> {
    const { items, cursor } = await cascades.members(id, { limit: membersRead });
    const shown = items.filter(isOfShown).length;
    if (shown === 0 && items.length > 0) return 'none';
    return shown === items.length && cursor === undefined ? 'all' : 'some';
  }

  const memberOf = (member: CascadeMember) => ({ ...member, parents: member.parents.map(named) });
  const causesOf = <Known extends { cause: Cause }>(causes: readonly Known[]) =>
    causes.map((known) => ({ ...known, cause: causeOf(known.cause) }));

  return {
    async list(request) {
      const { items, cursor } = await cascades.list(request);
      const seenOf = await Promise.all(items.map(({ id }) => seen(id)));
      return { items: items.filter((_, at) => seenOf[at] !== 'none'), cursor };
    },
    causes: async (id) => ((await seen(id)) === 'all' ? causesOf(await cascades.causes(id)) : []),
    async summary(id) {
      const [found, part] = await Promise.all([cascades.summary(id, isOfShown), seen(id)]);
      if (found === undefined || part === 'none') return undefined;
      return { ...found, causes: part === 'all' ? causesOf(found.causes) : [], first: found.first.map(memberOf) };
    },
    async members(id, request) {
      const read = (wanted: PageRequest) => cascades.members(id, wanted);
      return mapPage(await without(read, request, isOfShown), memberOf);
    },
  };
}

/** A page of a list without what is hidden, as full as a few reads make it. */
async function without<Item>(
  read: (request: PageRequest) => Promise<Page<Item>>,
  { limit, cursor }: PageRequest,
  isShown: (item: Item) => boolean,
): Promise<Page<Item>> {
  const items: Item[] = [];
  let next = cursor;
  for (let count = 0; count < mostReads; count++) {
    const isEmpty = count > 0 && items.length === 0;
    const wanted = limit - items.length;
    let page = await read({ limit: isEmpty ? Math.max(wanted, readAhead) : wanted, cursor: next });
    const surplus = page.items.filter(isShown)[wanted];
    // The cursor is that of the page's end, so the page has to end before what there is no room for.
    if (surplus !== undefined) page = await read({ limit: page.items.indexOf(surplus), cursor: next });
    items.push(...page.items.filter(isShown));
    next = page.cursor;
    if (next === undefined || items.length >= limit) break;
  }
  return { items, cursor: next };
}

const mapPage = <Item>({ items, cursor }: Page<Item>, change: (item: Item) => Item): Page<Item> => ({
  items: items.map(change),
  cursor,
});
