import type * as z from 'zod';
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
  const positions = positionsIn(text);
  const { positionOf } = positions;
  const broken = (...diagnostics: FileDiagnostic[]) => ({ statements: [], diagnostics, positionOf, isBroken: true });
  if (!fileSchema.safeParse(file).success) {
    const message = 'The name of the file is too long, or has characters that cannot be seen. Give it another.';
    return broken({ severity: 'error', code: 'file-name', offset: 0, message });
  }
  const parsed = parse(text);
  if ('fault' in parsed) return broken({ severity: 'error', offset: 0, ...parsed.fault });
  const { data: document, error } = openVexSchema.safeParse(parsed.value);
  const diagnosticOf = ({ severity, path, message }: Remark): FileDiagnostic => {
    return { severity, code: 'vex', offset: positions.offsetOf(path), message };
  };
  if (error) return broken(...error.issues.flatMap((issue) => faultsOf(issue, parsed.value)).map(diagnosticOf));

  const statements: NamedStatement[] = [];
  const remarks: Remark[] = [];
  for (const [at, each] of document.statements.entries()) {
    const path = ['statements', at];
    const time = Date.parse(timeOf(each, document));
    // A time in the future would keep the statement valid for longer than the limit.
    if (time > now.getTime() + dayLength) {
      const message = 'The time of the statement, or of the document, is yet to come.';
      return broken(...[...remarks, { severity: 'error' as const, path, message }].map(diagnosticOf));
    }
    const expires = daysAfter(dayOf(new Date(time)), longestDays);
    const { products = [] } = each;
    remarks.push(...remarksOnStatement({ expires, products }, now).map((message) => warning(path, message)));
    for (const [index, product] of products.entries()) {
      const productPath = [...path, 'products', index];
      const named = namedProduct(product);
      const packages = packagesOf(product, isAccepting(each.status));
      const found = remarksOnProduct({ kind: named.kind, packages }, each.status);
      remarks.push(...found.map((message) => warning(productPath, message)));
      if (named.kind === 'project' && packages?.length !== 0) {
        statements.push({
          at: time,
          product: named,
          offsetOf: () => positions.offsetOf(productPath),
          statement: statementOf(each, { file, author: document.author, expires, packages }),
        });
      }
    }
  }
  if (statements.length + remarks.length === 0)
    remarks.push(warning([], 'No statement of the document is about an image of the index.'));
  return { statements, diagnostics: remarks.map(diagnosticOf), positionOf, isBroken: false };
}

/** What there is to say of a part of the document. */
interface Remark {
  severity: FileDiagnostic['severity'];
  path: PropertyKey[];
  message: string;
}

const warning = (path: PropertyKey[], message: string): Remark => ({ severity: 'warning', path, message });

/** What the schema finds wrong. */
function faultsOf(issue: z.core.$ZodIssue, value: unknown): Remark[] {
  const { path } = issue;
  const where = describePath(path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      severity: 'error',
      path: [...path, key],
      message: `${where}: the key ${quoted(key)} is not known in OpenVEX.`,
    }));
  }
  const message = valueIn(value, path) === undefined ? `${where} is missing.` : `${where}: ${issue.message}`;
  return [{ severity: 'error', path, message }];
}

function remarksOnStatement(
  { expires, products }: { expires: string; products: readonly unknown[] },
  now: Date,
): string[] {
  const remarks: string[] = [];
  if (expires < dayOf(now))
    remarks.push(
      `The statement is older than ${longestDays} days, and has ended with ${expires}. Review it, and write a new "last_updated", or take it out.`,
    );
  if (products.length === 0) remarks.push('The statement names no product, and counts for nothing.');
  return remarks;
}

/** @param packages those that the statement is about; none if it names some that could never be found, undefined for the whole image */
function remarksOnProduct(
  { kind, packages }: { kind: NamedProduct['kind']; packages: Purl[] | undefined },
  status: OpenVexStatement['status'],
): string[] {
  if (kind === 'digest')
    return ['The product is one image by its digest, which says nothing of images that are yet to be built.'];
  if (kind === 'anybody')
    return [
      'The product could be anybody\'s image of that name. Write "app/job" or "app/job:tag" as the index does, or add "?repository_url=REGISTRY/app/job".',
    ];
  if (packages?.length === 0)
    return ['None of the subcomponents has a package URL, so that nobody could find them in an image.'];
  if (kind !== 'project' || !isAccepting(status)) return [];
  return (packages ?? []).flatMap((purl) => {
    const doubt = doubtOf(purl);
    return doubt ? [`Nothing is accepted in ${purlText(purl)}. ${doubt}`] : [];
  });
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
        message: 'This is not valid JSON from here on.',
      },
    };
  }
}

/** The positions of a document's values. JSON is also YAML; it is read as YAML only if there is something to report. */
function positionsIn(text: string) {
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
