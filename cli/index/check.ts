import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { readIndex, usualRecipients } from '../../core/index/read-index.ts';
import { type Platform, platforms } from '../../core/model/platform.ts';
import type { Context } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { type Checked, checkedSchema, countsOf, forGitHub, forPeople } from './check-output.ts';
import { readIndexFolder } from './files.ts';

const description = `Checks an index as a pull request to it is checked. It does not use the network.

The folder holds index.d/*.yml and may hold policy.yml and vex/*.json. The exit code is 0 if the index can be merged, 1 if it has errors,
2 if there is no index or not all of it can be read.`;

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument('[DIR]', 'the folder', '.')
    .option('--github', 'print annotations for GitHub Actions')
    .option('--strict', 'warnings count as errors', false)
    .option(
      '--allow-host <HOST>',
      'sources may be on this host although it is private; may be given several times',
      addHost,
      [],
    )
    .option(
      '--recipients <N>',
      'how many mail addresses an entry may have: mail.recipientsPerEntry of the deployment',
      asCount,
      usualRecipients,
    )
    .addOption(
      new Option(
        '--platform <PLATFORM>',
        'what entries without "platforms" are built for: build.architecture of the deployment',
      ).choices(platforms),
    )
    .action((folder, { github, strict, allowHost: allowedHosts, recipients: mostRecipients, platform }) => {
      const { checked, isWhole } = check({ folder, allowedHosts, mostRecipients, platform });
      const isWrong = checked.diagnostics.some(({ severity }) => strict || severity === 'error');
      const exitCode = isWrong ? exitCodes.negative : exitCodes.done;
      context.answer(checkedSchema, {
        value: { ...checked, ...countsOf(checked) },
        text: github ? forGitHub(checked) : forPeople(checked, context.terminal),
        exitCode: isWhole ? exitCode : exitCodes.usage,
      });
    });
}

const addHost = (host: string, others: string[]): string[] => [...others, host.toLowerCase()];

function asCount(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('Write a number from 1 to 99.');
  return Number(text);
}

interface Request {
  folder: string;
  allowedHosts: string[];
  mostRecipients: number;
  platform: Platform | undefined;
}

function check({ folder, allowedHosts, mostRecipients, platform }: Request): { checked: Checked; isWhole: boolean } {
  const { root, files, unread } = readIndexFolder(folder);
  const { projects, diagnostics } = readIndex(files, { now: new Date(), allowedHosts, mostRecipients, platform });
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
