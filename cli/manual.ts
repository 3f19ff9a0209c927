import type { Command, CommandUnknownOpts } from '@commander-js/extra-typings';
import * as z from 'zod';
import type { Context } from './command.ts';
import { pathOf } from './command-path.ts';
import { exitCodeMeanings } from './errors.ts';

const description = `Prints the manual as a man page.

  npx slipway manual > slipway.1 && man ./slipway.1`;

/** Prints the definitions of all commands in the macros of man(7), https://man7.org/linux/man-pages/man7/man.7.html */
export function define(command: Command, context: Context): void {
  command.description(description).action(async () => {
    const page = pageOf(await context.program());
    context.answer(z.object({ page: z.string() }), { value: { page }, text: page });
  });
}

function pageOf(program: CommandUnknownOpts): string {
  const commands = leavesOf(program);
  const lines = [
    '.\\" Made by "slipway manual" from the definitions of the commands.',
    `.TH SLIPWAY 1 "" "Slipway ${text(program.version() ?? '')}" "Slipway"`,
    '.SH NAME',
    `slipway \\- ${text(program.description())}`,
    '.SH SYNOPSIS',
    ...commands.flatMap((each) => ['.br', `.B ${text(pathOf(each))}`, text(each.usage())]),
    '.SH OPTIONS',
    'Every command takes these.',
    ...optionsOf(program),
    '.SH COMMANDS',
    ...commands.flatMap((each) => [`.SS "${text(`${pathOf(each)} ${each.usage()}`)}"`, ...bodyOf(each)]),
    '.SH EXIT STATUS',
    ...Object.values(exitCodeMeanings).flatMap((meaning, code) => ['.TP', `.B ${code}`, text(meaning)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** The commands that do something, in the order of the help. */
function leavesOf(command: CommandUnknownOpts): CommandUnknownOpts[] {
  const below = command.createHelp().visibleCommands(command);
  return below.flatMap((each) => (each.commands.length > 0 ? leavesOf(each) : [each]));
}

function bodyOf(command: CommandUnknownOpts): string[] {
  const paragraphs = command.description().split('\n\n');
  return [
    // Lines that begin with a blank keep their form.
    ...paragraphs.flatMap((each) => (each.startsWith(' ') ? ['.PP', '.nf', text(each), '.fi'] : ['.PP', text(each)])),
    ...command.registeredArguments.flatMap((each) => ['.TP', `.I ${text(each.name())}`, text(each.description)]),
    ...optionsOf(command),
  ];
}

const optionsOf = (command: CommandUnknownOpts): string[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .flatMap((option) => ['.TP', `.B ${text(option.flags)}`, text(command.createHelp().optionDescription(option))]);

/** A backslash, a hyphen, and a dot or a quote at the beginning of a line mean something to troff. */
const text = (plain: string): string =>
  plain.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll(/^[.']/gm, '\\&$&').replaceAll('"', '\\(dq');
