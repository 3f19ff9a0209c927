import type { Purl } from '../model/purl.ts';
import { isAccepting, type VexStatement } from '../model/vex.ts';
import { purlText } from '../sbom/purl.ts';
import { shownSchema } from '../text/safe-line.ts';
import { quoted } from '../text/visible.ts';
import { dayOf, daysAfter } from '../time/day.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import { longestDays, normalId } from './exceptions.ts';
import { type OpenVex, type OpenVexStatement, openVexSchema } from './openvex-schema.ts';
import { doubtOf, type NamedProduct, namedProduct, packagesOf } from './vex-product.ts';
import { largestFile, readYaml, type Value, valueAt } from './yaml.ts';

/** What a document states about the projects of the index. */
export interface VexDocument {
  statements: NamedStatement[];
  diagnostics: FileDiagnostic[];
  positionOf: (offset: number) => { line: number; column: number };
  /** Whether it could not be read completely. */
  isBroken: boolean;
}

/** A statement on one product. */
export interface NamedStatement {
  /** The time of the statement in milliseconds: of two about the same, the newer counts. */
  at: number;
  product: NamedProduct & { kind: 'project' };
  statement: VexStatement;
  /** Its offset in the document, computed only if there is something to report. */
  offsetOf: () => number;
}

const dayLength = 86_400_000;
const fileSchema = shownSchema(300);

/** Whether a path in the index repository is that of an OpenVEX document. */
export function isVexFile(path: string): boolean {
  return /^vex\/[^/]+\.json$/i.test(path);
}

/** Reads one OpenVEX document, and reports its errors and where they are. A document with an error makes no statements. */
export function readVex(file: string, text: string, now: Date): VexDocument {
  const diagnostics: FileDiagnostic[] = [];
  const places = placesIn(text);
  const add = (
    severity: FileDiagnostic['severity'],
    path: PropertyKey[],
    message: string,
    code: FileDiagnostic['code'] = 'vex',
  ) => diagnostics.push({ severity, code, offset: places.offsetOf(path), message });
  const broken = (): VexDocument => ({ statements: [], diagnostics, positionOf: places.positionOf, isBroken: true });
  if (!fileSchema.safeParse(file).success) {
    const message = 'The name of the file is too long, or has characters that cannot be seen. Give it another.';
    diagnostics.push({ severity: 'error', code: 'file-name', offset: 0, message });
    return broken();
  }
  const parsed = parse(text);
  if ('fault' in parsed) {
    diagnostics.push({ severity: 'error', offset: 0, ...parsed.fault });
    return broken();
  }
  const result = openVexSchema.safeParse(parsed.value);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const isMissing = issue.code !== 'unrecognized_keys' && valueIn(parsed.value, issue.path) === undefined;
      if (isMissing) add('error', issue.path, `${describePath(issue.path)} is missing.`);
      else if (issue.code !== 'unrecognized_keys') {
        add('error', issue.path, `${describePath(issue.path)}: ${issue.message}`);
      } else {
        for (const key of issue.keys) {
          add(
            'error',
            [...issue.path, key],
            `${describePath(issue.path)}: the key ${quoted(key)} is not known in OpenVEX.`,
          );
        }
      }
    }
    return broken();
  }

  const document = result.data;
  const statements: NamedStatement[] = [];
  for (const [at, each] of document.statements.entries()) {
    const time = Date.parse(timeOf(each, document));
    // A time in the future would keep the statement valid for longer than the limit.
    if (time > now.getTime() + dayLength) {
      add('error', ['statements', at], 'The time of the statement, or of the document, is yet to come.');
      return broken();
    }
    const expires = daysAfter(dayOf(new Date(time)), longestDays);
    if (expires < dayOf(now)) {
      const message = `The statement is older than ${longestDays} days, and has ended with ${expires}. Review it, and write a new "last_updated", or take it out.`;
      add('warning', ['statements', at], message);
    }
    if (!each.products?.length)
      add('warning', ['statements', at], 'The statement names no product, and counts for nothing.');
    for (const [index, product] of (each.products ?? []).entries()) {
      const path = ['statements', at, 'products', index];
      const named = namedProduct(product);
      const packages = packagesOf(product, isAccepting(each.status));
      if (named.kind === 'digest') {
        add(
          'warning',
          path,
          'The product is one image by its digest, which says nothing of images that are yet to be built.',
        );
      } else if (named.kind === 'anybody') {
        const message =
          'The product could be anybody\'s image of that name. Write "app/job" or "app/job:tag" as the index does, or add "?repository_url=REGISTRY/app/job".';
        add('warning', path, message);
      } else if (packages?.length === 0) {
        add(
          'warning',
          path,
          'None of the subcomponents has a package URL, so that nobody could find them in an image.',
        );
      } else if (named.kind === 'project') {
        for (const purl of isAccepting(each.status) ? (packages ?? []) : []) {
          const doubt = doubtOf(purl);
          if (doubt) add('warning', path, `Nothing is accepted in ${purlText(purl)}. ${doubt}`);
        }
        statements.push({
          at: time,
          product: named,
          offsetOf: () => places.offsetOf(path),
          statement: statementOf(each, { file, author: document.author, expires, packages }),
        });
      }
    }
  }
  if (statements.length + diagnostics.length === 0)
    add('warning', [], 'No statement of the document is about an image of the index.');
  return { statements, diagnostics, positionOf: places.positionOf, isBroken: false };
}

/** When the statement was last reviewed: its own time, or the document's. */
function timeOf(statement: OpenVexStatement, document: OpenVex): string {
  return statement.last_updated ?? statement.timestamp ?? document.last_updated ?? document.timestamp;
}

function statementOf(
  { vulnerability, status, justification }: OpenVexStatement,
  rest: Pick<VexStatement, 'file' | 'author' | 'expires'> & { packages: Purl[] | undefined },
): VexStatement {
  const { packages, ...known } = rest;
  return {
    ids: [...new Set([vulnerability.name, ...(vulnerability.aliases ?? [])].map(normalId))],
    status,
    justification,
    packages: packages && [...new Map(packages.map((purl) => [purlText(purl), purl])).values()],
    ...known,
  };
}

function parse(
  text: string,
): { value: unknown } | { fault: Pick<FileDiagnostic, 'code' | 'message'> & { offset?: number } } {
  if (Buffer.byteLength(text) > largestFile) {
    return { fault: { code: 'too-large', message: `The document is larger than ${largestFile / 1e6} MB. Split it.` } };
  }
  try {
    return { value: JSON.parse(text.replace(/^\ufeff/, '')) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const position = /at position (\d+)/.exec(error.message)?.[1];
    return {
      fault: {
        code: 'vex',
        offset: Number(position ?? 0),
        message: 'This is no valid JSON from here on.',
      },
    };
  }
}

/** The positions of a document's values. JSON is also YAML; it is read as YAML only if there is something to report. */
function placesIn(text: string) {
  let read: ReturnType<typeof readYaml> | undefined;
  const yaml = () => (read ??= readYaml(text));
  return {
    offsetOf(path: PropertyKey[]): number {
      for (let length = path.length; length >= 0; length -= 1) {
        const value: Value | undefined = valueAt(yaml().content, path.slice(0, length));
        if (value) return value.offset;
      }
      return 0;
    },
    positionOf: (offset: number) => yaml().positionOf(offset),
  };
}

function valueIn(value: unknown, [key, ...rest]: PropertyKey[]): unknown {
  if (key === undefined) return value;
  return typeof value === 'object' && value !== null ? valueIn(Reflect.get(value, key), rest) : undefined;
}

function describePath(path: PropertyKey[]): string {
  if (path.length === 0) return 'The document';
  return path.map((part) => (typeof part === 'number' ? `item ${part + 1}` : `"${String(part)}"`)).join(', ');
}
