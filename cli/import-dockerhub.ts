import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { z } from 'zod';
import { dockerHubSchema, type Import, importDockerHub } from '../core/index/dockerhub.ts';
import { readIndex } from '../core/index/read-index.ts';
import { oneLine } from '../core/text/one-line.ts';
import { type ExitCode, parseCommand, type Terminal, UsageError } from './command.ts';

const help = `slipway import dockerhub FILE --notify-email ADDRESS

Turns the rules of one of Docker Hub's automated builds into entries of the index: YAML for index.d/<app-id>.yml on the
standard output, and what has no counterpart on the standard error.

FILE is the JSON of hub.docker.com/api/build/v1/source/?image=… with each rule of "build_settings" in place of its
address; docs/dockerhub.md has the commands. "-" reads the standard input.

  --notify-email ADDRESS  who gets the mails: Docker Hub does not tell

The exit code is 0 if each rule has an entry, 1 if not, 2 if the file cannot be read.
`;

/** The answer of the API has the addresses of the rules, and not the rules. */
const addressesSchema = z.object({ build_settings: z.array(z.string()).min(1) });

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommand(args, { 'notify-email': { type: 'string' } });
  if (values.help) {
    terminal.out(help);
    return 0;
  }
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0) throw new UsageError('Name one file.');
  const notifyEmail = values['notify-email'];
  if (notifyEmail === undefined || !z.email().safeParse(notifyEmail).success)
    throw new UsageError('Say by --notify-email who gets the mails.');
  const imported = importFrom(await textOf(file), notifyEmail);
  if (typeof imported === 'string') {
    terminal.err(`slipway import dockerhub: ${imported}\n`);
    return 2;
  }
  const { entries, left, notes } = imported;
  const yaml = entries.length > 0 ? stringify({ Projects: entries }, { lineWidth: 0 }) : '';
  terminal.out(yaml);
  for (const problem of problemsOf(yaml, entries[0]?.['app-id'])) terminal.err(`to correct: ${problem}\n`);
  for (const each of left) terminal.err(`not taken over: ${each}\n`);
  for (const note of notes) terminal.err(`note: ${note}\n`);
  return left.length > 0 || entries.length === 0 ? 1 : 0;
}

async function textOf(file: string): Promise<string | Error> {
  const reading = file === '-' ? text(process.stdin) : readFile(file, 'utf8');
  return reading.catch((error: Error) => error);
}

/** @returns a text if it cannot be read */
function importFrom(content: string | Error, notifyEmail: string): Import | string {
  if (content instanceof Error) return `The file cannot be read: ${oneLine(content.message, 200)}`;
  const json = z.preprocess((value) => {
    try {
      return JSON.parse(String(value));
    } catch {
      return undefined;
    }
  }, z.unknown());
  const value = json.parse(content);
  if (value === undefined) return 'The file is no JSON.';
  const build = dockerHubSchema.safeParse(value);
  if (build.success) return importDockerHub(build.data, notifyEmail);
  if (addressesSchema.safeParse(value).success)
    return 'The file has the addresses of the rules: put each rule in place of its address, as docs/dockerhub.md shows.';
  return `The file is no automated build: ${oneLine(z.prettifyError(build.error), 400)}`;
}

/** What the check of the index says of the entries. */
function problemsOf(yaml: string, appId: unknown): string[] {
  if (yaml === '') return [];
  const { diagnostics } = readIndex([{ path: `index.d/${appId}.yml`, text: yaml }], { now: new Date() });
  return diagnostics.map(({ line, message }) => `line ${line}: ${oneLine(message, 300)}`);
}
