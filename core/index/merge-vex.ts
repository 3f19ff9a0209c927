import type { Project } from '../model/project.ts';
import { quoted } from '../text/visible.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import type { NamedStatement, VexDocument } from './read-vex.ts';

/** The limits for one project, in statements and bytes: a DynamoDB item has 400 KB for all data of a project. */
const mostStatements = 500;
const largestStatements = 100_000;

interface StatementsOfImage {
  /** Statements on the image, whatever its tag. */
  always: NamedStatement[];
  byTag: Map<string, NamedStatement[]>;
}

/**
 * Gives each project the statements of the documents about it, the newest first. Products that are not a project of the index are reported,
 * and so are statements that are not kept.
 * @returns the diagnostics of each document
 */
export function mergeVex(
  documents: ReadonlyMap<string, VexDocument>,
  projects: readonly Project[],
): Map<string, FileDiagnostic[]> {
  const diagnostics = new Map<string, FileDiagnostic[]>();
  const warn = (file: string, offset: number, message: string) => {
    diagnostics.set(file, [...(diagnostics.get(file) ?? []), { severity: 'warning', code: 'vex', offset, message }]);
  };
  const names = new Set(projects.flatMap(({ name, appId, jobId }) => [name, `${appId}/${jobId}`]));
  const said = new Map<string, StatementsOfImage>();
  for (const named of inOrder([...documents.values()].flatMap(({ statements }) => statements))) {
    const { image, tag } = named.product;
    if (!names.has(tag === undefined ? image : `${image}:${tag}`)) {
      const name = tag === undefined ? image : `${image}:${tag}`;
      warn(named.statement.file, named.offsetOf(), `No project of the index is called ${quoted(name)}.`);
      continue;
    }
    const ofImage = said.get(image) ?? { always: [], byTag: new Map<string, NamedStatement[]>() };
    said.set(image, ofImage);
    const list = tag === undefined ? ofImage.always : (ofImage.byTag.get(tag) ?? []);
    list.push(named);
    if (tag !== undefined) ofImage.byTag.set(tag, list);
  }
  for (const project of projects) {
    const ofImage = said.get(`${project.appId}/${project.jobId}`);
    if (!ofImage) continue;
    const own = ofImage.byTag.get(project.desiredTag) ?? [];
    const candidates = inOrder([...ofImage.always.slice(0, mostStatements + 1), ...own.slice(0, mostStatements + 1)]);
    const kept = candidates.slice(0, lengthKept(candidates));
    if (kept.length > 0) project.vex = kept.map(({ statement }) => statement);
    const first = candidates[kept.length];
    if (first) {
      const message = `More is said of ${project.name} than is kept of one project. Statements that are older than ${kept.length} others do not count: take out those that are not needed.`;
      warn(first.statement.file, first.offsetOf(), message);
    }
  }
  return diagnostics;
}

function lengthKept(statements: readonly NamedStatement[]): number {
  let bytes = 0;
  const at = statements.findIndex(({ statement }, index) => {
    bytes += Buffer.byteLength(JSON.stringify(statement));
    return index === mostStatements || bytes > largestStatements;
  });
  return at < 0 ? statements.length : at;
}

/** The newest first; of two with the same time, the one that accepts less. */
function inOrder(statements: NamedStatement[]): NamedStatement[] {
  const rank = ({ statement }: NamedStatement) =>
    ['affected', 'under_investigation', 'fixed', 'not_affected'].indexOf(statement.status);
  return statements.sort(
    (one, other) =>
      other.at - one.at ||
      rank(one) - rank(other) ||
      (one.statement.file < other.statement.file ? -1 : one.statement.file > other.statement.file ? 1 : 0),
  );
}
