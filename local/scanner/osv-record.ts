import { z } from 'zod';
import { pythonName } from './language-packages.ts';

/**
 * One record of https://ossf.github.io/osv-schema/, which is written by many hands: a part that cannot be read takes nothing else with it.
 * Where it leaves open whether a version is affected, that version is; where it leaves open how bad a defect is, it is as bad as can be.
 */
export interface OsvRecord {
  id: string;
  /** In milliseconds. */
  modified: number | undefined;
  isWithdrawn: boolean;
  aliases: string[];
  upstream: string[];
  summary: string | undefined;
  details: string | undefined;
  rating: OsvRating;
  affected: OsvAffected[];
  references: { type: string; url: string }[];
  /** What of it cannot be read. */
  problems: string[];
}

export interface OsvAffected {
  package: { ecosystem: string; name: string };
  ranges: OsvRange[];
  versions: string[];
  /** Some of its versions cannot be read, or it names none. */
  isUncertain: boolean;
  rating: OsvRating;
}

/** How bad the defect is. */
export interface OsvRating {
  /** Vectors of CVSS, and words of distributions. */
  severities: { type: string; score: string }[];
  /** What a database says beside them, in a field of its own. */
  words: string[];
  /** There is a rating that cannot be read. */
  isUncertain: boolean;
}

/** A file of which nobody can say which packages it is about; the message says why. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
}

const text = z.string();
const time = z.iso.datetime({ offset: true });
const fieldsSchema = z.record(z.string(), z.unknown());
const severitySchema = z.object({ type: z.string().catch(''), score: z.string() });
const referenceSchema = z.object({ type: z.string().catch('WEB'), url: z.string() });
const packageSchema = z
  .object({ ecosystem: z.string().trim().min(1), name: z.string().trim().min(1) })
  .transform(({ ecosystem, name }) => ({
    ecosystem,
    name: ecosystem.toLowerCase() === 'pypi' ? pythonName(name) : name,
  }));

/** A record with more is not worth its reading. */
const mostProblems = 1000;

/** Every kind of version has a letter or a digit; what has none would be before or after all others by chance. */
const version = z
  .string()
  .trim()
  .regex(/[A-Za-z0-9]/, 'It is not a version.');
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((at) => at ?? undefined);
const eventSchema = z
  .object({
    introduced: optional(version),
    fixed: optional(version),
    last_affected: optional(version),
    limit: optional(version.or(z.literal('*'))),
  })
  .refine((event) => Object.values(event).some((at) => at !== undefined), 'It is not an event that is known.');
const rangeSchema = z.union([
  // Commits say nothing about versions of packages.
  z.object({ type: z.literal('GIT') }).transform(({ type }) => ({ type, events: [] })),
  z.object({
    type: z.enum(['ECOSYSTEM', 'SEMVER']),
    events: z
      .array(eventSchema)
      .refine(
        (events) => events.some(({ introduced }) => introduced !== undefined),
        'It does not say where it begins.',
      ),
  }),
]);
export type OsvEvent = z.infer<typeof eventSchema>;
export type OsvRange = z.infer<typeof rangeSchema>;

/**
 * @param fileName what the record is called where it does not say so itself
 * @throws UnreadableRecordError
 */
export function readOsvRecord(fileName: string, content: string): OsvRecord {
  const record = fieldsSchema.safeParse(parse(content)).data;
  // Every record has both; what has neither is another kind of file.
  if (record === undefined || (record.id === undefined && record.affected === undefined)) {
    throw new UnreadableRecordError('It is not a record of OSV.');
  }
  const problems: string[] = [];
  const { one, list } = partsReader(record, '', problems);
  const modified = one('modified', time);
  return {
    id: one('id', text.min(1)) ?? fileName,
    modified: modified === undefined ? undefined : Date.parse(modified),
    isWithdrawn: one('withdrawn', time) !== undefined,
    aliases: list('aliases', text),
    upstream: list('upstream', text),
    summary: one('summary', text),
    details: one('details', text),
    rating: ratingOf(record, '', problems),
    affected: affectedOf(record, problems),
    references: list('references', referenceSchema),
    problems,
  };
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new UnreadableRecordError(String(error), { cause: error });
  }
}

function affectedOf({ affected }: Fields, problems: string[]): OsvAffected[] {
  const entries = z.array(fieldsSchema).nullish().safeParse(affected);
  if (!entries.success) throw new UnreadableRecordError(`"affected": ${z.prettifyError(entries.error)}`);
  return (entries.data ?? []).flatMap((entry, at): OsvAffected[] => {
    // Without a package it is about commits, which versions of a package are not.
    if (entry.package === undefined || entry.package === null) {
      if (isOfCommits(entry.ranges)) return [];
      throw new UnreadableRecordError(`"affected[${at}]" names no package.`);
    }
    const named = packageSchema.safeParse(entry.package);
    if (!named.success) throw new UnreadableRecordError(`"affected[${at}].package": ${z.prettifyError(named.error)}`);
    const place = `affected[${at}].`;
    const before = problems.length;
    const { list } = partsReader(entry, place, problems);
    const versions = { ranges: list('ranges', rangeSchema), versions: list('versions', version) };
    const isOpen = versions.versions.length === 0 && versions.ranges.every(({ type }) => type === 'GIT');
    if (isOpen && problems.length === before) problems.push(`"affected[${at}]": It does not say which versions.`);
    return [
      {
        package: named.data,
        ...versions,
        isUncertain: problems.length > before,
        rating: ratingOf(entry, place, problems),
      },
    ];
  });
}

const ofCommits = z.array(z.looseObject({ type: z.literal('GIT') })).min(1);

function isOfCommits(ranges: unknown): boolean {
  return ofCommits.safeParse(ranges).success;
}

/** Debian says `urgency`, others `severity`, each in a field that is its own to fill. */
function ratingOf(fields: Fields, place: string, problems: string[]): OsvRating {
  const before = problems.length;
  const severities = partsReader(fields, place, problems).list('severity', severitySchema);
  const isUncertain = problems.length > before;
  const words = [fields.ecosystem_specific, fields.database_specific].flatMap((own) => {
    const { severity, urgency } = fieldsSchema.safeParse(own).data ?? {};
    return [severity, urgency].filter((word) => typeof word === 'string');
  });
  return { severities, words, isUncertain };
}

type Fields = Record<string, unknown>;

/** Reads fields one by one. What is null is not there; what cannot be read is a problem, and is left out. */
function partsReader(fields: Fields, place: string, problems: string[]) {
  const read = <Part>(value: unknown, schema: z.ZodType<Part>, name: string): Part[] => {
    const { data, error } = schema.safeParse(value);
    if (problems.length > mostProblems)
      throw new UnreadableRecordError(`More than ${mostProblems} parts are not as OSV has them.`);
    if (error) problems.push(`"${place}${name}": ${z.prettifyError(error).replaceAll(/\s+/g, ' ')}`);
    return error ? [] : [data];
  };
  return {
    one<Part>(name: string, schema: z.ZodType<Part>): Part | undefined {
      const value = fields[name] ?? undefined;
      return value === undefined ? undefined : read(value, schema, name)[0];
    },
    list<Part>(name: string, schema: z.ZodType<Part>): Part[] {
      const items = read(fields[name] ?? [], z.array(z.unknown()), name)[0] ?? [];
      return items.flatMap((item, at) => read(item, schema, `${name}[${at}]`));
    },
  };
}
