import * as z from 'zod';
import { parseJson } from '../../text/parse-json.ts';
import { linesOf, type ToolAnswer, ToolFailedError, UnknownAnswerError } from '../tool-answer.ts';
import type { LanguageUpdate } from './language-updates.ts';

const word = (longest: number) => z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${longest}}$`));
const pipSchema = z.array(z.object({ name: word(214), version: word(200), latest_version: word(200) }));
const npmOutdated = z.object({ current: word(200).optional(), latest: word(200) });
/** A package that is installed twice has a list. */
const npmSchema = z.record(word(214), z.union([npmOutdated, z.array(npmOutdated)]));

/**
 * The answer to `pip list --outdated --format=json`.
 * @throws UnknownAnswerError
 */
export function parsePipOutdated({ text }: ToolAnswer): LanguageUpdate[] {
  return parsed('pip', text, pipSchema).map(({ name, version, latest_version: available }) => ({
    manager: 'pip',
    name,
    installed: version,
    available,
  }));
}

/**
 * Why pip could not reach its index, from its stderr: pip leaves out the packages that it could not query, and exits with 0.
 */
export function pipFailure(errors: string): string | undefined {
  return linesOf(errors).find((line) =>
    /^(?:ERROR: |WARNING: Retrying \(Retry\(total=0,|.*Could not fetch URL )/.test(line),
  );
}

const npmErrorSchema = z.strictObject({ error: z.object({ code: z.string().nullish(), summary: z.string() }) });

/**
 * The answer to `npm -g outdated --json`: nothing, or an object by names.
 * @throws UnknownAnswerError, ToolFailedError
 */
export function parseNpmOutdated({ code, text }: ToolAnswer): LanguageUpdate[] {
  if (text.trim() === '' && code === 0) return [];
  const answer = parsed('npm', text, z.union([npmErrorSchema, npmSchema]));
  const failure = npmErrorSchema.safeParse(answer).data;
  if (failure) throw new ToolFailedError(`npm could not look for updates: ${failure.error.summary}`);
  return Object.entries(npmSchema.parse(answer)).flatMap(([name, found]) =>
    [found].flat().flatMap(({ current, latest }) => {
      // A package that is not installed is not in the image, and a linked one has no version to compare.
      if (current === undefined || current === latest || !/^\d/.test(latest)) return [];
      return [{ manager: 'npm' as const, name, installed: current, available: latest }];
    }),
  );
}

/**
 * The answer to `gem outdated`: `name (1.0 < 2.0)`.
 * @throws UnknownAnswerError
 */
export function parseGemOutdated({ text }: ToolAnswer): LanguageUpdate[] {
  return linesOf(text).map((line) => {
    const [, name, installed, available] = /^([\w.-]{1,200}) \(([\w.-]{1,100}) < ([\w.-]{1,100})\)$/.exec(line) ?? [];
    if (name === undefined || installed === undefined || available === undefined) {
      throw new UnknownAnswerError('gem', line);
    }
    return { manager: 'gem', name, installed, available };
  });
}

function parsed<Schema extends z.ZodType>(tool: string, text: string, schema: Schema): z.infer<Schema> {
  const { data } = schema.safeParse(parseJson(text));
  if (data === undefined) throw new UnknownAnswerError(tool, text);
  return data;
}
