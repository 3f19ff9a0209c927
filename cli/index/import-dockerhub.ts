import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { stringify } from 'yaml';
import * as z from 'zod';
import { dockerHubSchema, type Import, importDockerHub } from '../../core/index/dockerhub.ts';
import { readIndex } from '../../core/index/read-index.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import type { Context } from '../command.ts';
import { exitCodes, UsageError } from '../errors.ts';

const description = `Turns the rules of one of Docker Hub's automated builds into entries of the index.

It prints YAML for index.d/<app-id>.yml, and on the standard error what has no counterpart. The exit code is 0 if each rule has an entry, and
1 if not. The file is the JSON of hub.docker.com/api/build/v1/source/?image=… with each rule of "build_settings" in place of its address;
docs/dockerhub.md has the commands.`;

/** The answer of the API has the addresses of the rules, and not the rules. */
const addressesSchema = z.object({ build_settings: z.array(z.string()).min(1) });

const answerSchema = z.object({
  /** Of the file of the index. */
  entries: z.array(z.looseObject({})),
  toCorrect: z.array(z.string()),
  notTakenOver: z.array(z.string()),
  notes: z.array(z.string()),
});

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument('<FILE>', 'the file; "-" reads the standard input')
    .requiredOption('--notify-email <ADDRESS>', 'who gets the mails: Docker Hub does not tell', asAddress)
    .action(async (file, { notifyEmail }) => {
      const { entries, left, notes } = importFrom(await textOf(file), notifyEmail);
      const yaml = entries.length > 0 ? stringify({ Projects: entries }, { lineWidth: 0 }) : '';
      const toCorrect = problemsOf(yaml, entries[0]?.['app-id']);
      for (const problem of toCorrect) context.terminal.err(`to correct: ${problem}\n`);
      for (const each of left) context.terminal.err(`not taken over: ${each}\n`);
      for (const note of notes) context.terminal.err(`note: ${note}\n`);
      context.answer(answerSchema, {
        value: { entries, toCorrect, notTakenOver: left, notes },
        text: yaml,
        exitCode: left.length > 0 || entries.length === 0 ? exitCodes.negative : exitCodes.done,
      });
    });
}

function asAddress(text: string): string {
  if (!z.email().safeParse(text).success) throw new InvalidArgumentError('It is not a mail address.');
  return text;
}

/** @throws UsageError */
async function textOf(file: string): Promise<string> {
  const reading = file === '-' ? text(process.stdin) : readFile(file, 'utf8');
  return reading.catch((cause: Error) => {
    throw new UsageError(`The file cannot be read: ${oneLine(cause.message, 200)}`, { cause });
  });
}

/** @throws UsageError */
function importFrom(content: string, notifyEmail: string): Import {
  const value = parseJson(content);
  if (value === undefined) throw new UsageError('The file is not JSON.');
  const build = dockerHubSchema.safeParse(value);
  if (build.success) return importDockerHub(build.data, notifyEmail);
  if (addressesSchema.safeParse(value).success)
    throw new UsageError(
      'The file has the addresses of the rules: put each rule in place of its address, as docs/dockerhub.md shows.',
    );
  throw new UsageError(`The file is not an automated build: ${oneLine(z.prettifyError(build.error), 400)}`);
}

/** What the check of the index says of the entries. */
function problemsOf(yaml: string, appId: unknown): string[] {
  if (yaml === '') return [];
  const { diagnostics } = readIndex([{ path: `index.d/${appId}.yml`, text: yaml }], { now: new Date() });
  return diagnostics.map(({ line, message }) => `line ${line}: ${oneLine(message, 300)}`);
}
