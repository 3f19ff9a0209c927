import { join } from 'node:path';
import { readIndex, usualRecipients } from '../core/index/read-index.ts';
import { type ExitCode, parseCommand, type Terminal, UsageError } from './command.ts';
import { type Checked, formats } from './index-check-output.ts';
import { NoIndexError, readIndexFolder } from './index-files.ts';

const help = `slipway index check [DIR] [--format text|json|github] [--strict] [--allow-host HOST]… [--recipients N]

Checks the index in DIR (default: the current folder), which holds index.d/*.yml and may hold policy.yml and vex/*.json, as
a pull request to it is checked. It does not use the network.

  --format FORMAT    text for people (default), json for programs, github for annotations in GitHub Actions
  --strict           warnings count as errors
  --allow-host HOST  sources may be on this host although it is private; may be given several times
  --recipients N     how many mail addresses an entry may have (default: ${usualRecipients}; mail.recipientsPerEntry of the deployment)

The exit code is 0 if the index can be merged, 1 if it has errors, 2 if there is no index or not all of it can be read.
`;

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const request = read(args);
  if (request === 'help') {
    terminal.out(help);
    return 0;
  }
  try {
    const { checked, isWhole } = await check(request);
    terminal.out(formats[request.format](checked, terminal.colours));
    if (!isWhole) return 2;
    return checked.diagnostics.some(({ severity }) => request.strict || severity === 'error') ? 1 : 0;
  } catch (error) {
    if (!(error instanceof NoIndexError)) throw error;
    terminal.err(`slipway index check: ${error.message}\n`);
    return 2;
  }
}

interface Request {
  folder: string;
  format: keyof typeof formats;
  strict: boolean;
  allowedHosts: string[];
  mostRecipients: number;
}

async function check({
  folder,
  allowedHosts,
  mostRecipients,
}: Request): Promise<{ checked: Checked; isWhole: boolean }> {
  const { root, files, unread } = await readIndexFolder(folder);
  const { projects, diagnostics } = readIndex(files, { now: new Date(), allowedHosts, mostRecipients });
  for (const { path, reason } of unread) {
    diagnostics.push({ file: path, line: 1, column: 1, severity: 'error', code: 'unreadable', message: reason });
  }
  const shown = diagnostics
    .map((diagnostic) => ({ ...diagnostic, file: join(root, diagnostic.file) }))
    .sort((one, other) => (one.file === other.file ? one.line - other.line : one.file < other.file ? -1 : 1));
  return {
    checked: { files: files.length + unread.length, projects: projects.length, diagnostics: shown },
    isWhole: unread.length === 0,
  };
}

/** @throws UsageError */
function read(args: string[]): Request | 'help' {
  const { values, positionals } = parseCommand(args, {
    format: { type: 'string', default: 'text' },
    strict: { type: 'boolean', default: false },
    'allow-host': { type: 'string', multiple: true, default: [] },
    recipients: { type: 'string', default: String(usualRecipients) },
  });
  if (values.help) return 'help';
  const [folder = '.', ...rest] = positionals;
  if (rest.length > 0) throw new UsageError('Name one folder.');
  const { format, strict } = values;
  if (!isFormat(format)) throw new UsageError(`The format is one of ${Object.keys(formats).join(', ')}.`);
  if (!/^[1-9]\d?$/.test(values.recipients)) throw new UsageError('--recipients is a number from 1 to 99.');
  const allowedHosts = values['allow-host'].map((host) => host.toLowerCase());
  return { folder, format, strict, allowedHosts, mostRecipients: Number(values.recipients) };
}

function isFormat(name: string): name is keyof typeof formats {
  return Object.hasOwn(formats, name);
}
