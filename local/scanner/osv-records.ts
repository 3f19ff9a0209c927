import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const largestRecord = 8 * 1024 * 1024;

const severitySchema = z.object({ type: z.string(), score: z.string() });
const eventSchema = z.object({
  introduced: z.string().optional(),
  fixed: z.string().optional(),
  last_affected: z.string().optional(),
  limit: z.string().optional(),
});
const affectedSchema = z.object({
  package: z.object({ ecosystem: z.string(), name: z.string() }),
  ranges: z.array(z.object({ type: z.string(), events: z.array(eventSchema) })).default([]),
  versions: z.array(z.string()).default([]),
  severity: z.array(severitySchema).default([]),
  ecosystem_specific: z.record(z.string(), z.unknown()).nullish(),
  database_specific: z.record(z.string(), z.unknown()).nullish(),
});

/** https://ossf.github.io/osv-schema/ */
const recordSchema = z.object({
  id: z.string(),
  modified: z.iso.datetime({ offset: true }),
  withdrawn: z.string().nullish(),
  aliases: z.array(z.string()).nullish(),
  upstream: z.array(z.string()).nullish(),
  summary: z.string().nullish(),
  details: z.string().nullish(),
  severity: z.array(severitySchema).default([]),
  affected: z.array(z.unknown()).default([]),
  references: z.array(z.object({ type: z.string(), url: z.string() })).default([]),
  database_specific: z.record(z.string(), z.unknown()).nullish(),
});

export type OsvEvent = z.infer<typeof eventSchema>;
export type OsvAffected = z.infer<typeof affectedSchema>;
export type OsvRecord = Omit<z.infer<typeof recordSchema>, 'affected'> & { affected: OsvAffected[] };

/** The records of a folder, by the names of the packages that they are about. */
export interface OsvIndex {
  byPackage: Map<string, OsvRecord[]>;
  /** When the newest record was changed, in milliseconds; undefined if there are none. */
  updatedAt: number | undefined;
  /** Files that are no record. */
  problems: string[];
}

interface Known {
  mtime: number;
  size: number;
  record: OsvRecord | string;
}

/** Reads a folder of records, and reads again only the files that have changed since. */
export function createOsvFolder(folder: string | undefined) {
  let known = new Map<string, Known>();

  return async function read(): Promise<OsvIndex> {
    const next = new Map<string, Known>();
    if (folder !== undefined) {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((each) => each.isFile() && each.name.endsWith('.json'))) {
        const file = path.join(entry.parentPath, entry.name);
        const { mtimeMs: mtime, size } = await stat(file);
        const before = known.get(file);
        const isSame = before?.mtime === mtime && before.size === size;
        next.set(file, isSame ? before : { mtime, size, record: await readRecord(file, size) });
      }
    }
    known = next;
    return indexOf([...known]);
  };
}

function indexOf(files: [string, Known][]): OsvIndex {
  const byPackage = new Map<string, OsvRecord[]>();
  const problems: string[] = [];
  let updatedAt: number | undefined;
  for (const [file, { record }] of files) {
    if (typeof record === 'string') {
      problems.push(`${file}: ${record}`);
      continue;
    }
    updatedAt = Math.max(updatedAt ?? 0, Date.parse(record.modified));
    if (record.withdrawn) continue;
    for (const name of new Set(record.affected.map((affected) => affected.package.name))) {
      byPackage.set(name, [...(byPackage.get(name) ?? []), record]);
    }
  }
  return { byPackage, updatedAt, problems };
}

/** The record, or why the file is none. */
async function readRecord(file: string, size: number): Promise<OsvRecord | string> {
  if (size > largestRecord) return `has more than ${largestRecord} bytes`;
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    return String(error);
  }
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) return z.prettifyError(parsed.error);
  // Ranges of commits have no package; they say nothing about packages of a distribution.
  const affected = parsed.data.affected.flatMap((each) => affectedSchema.safeParse(each).data ?? []);
  return { ...parsed.data, affected };
}
