import type { Command, CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import * as z from 'zod';
import type { Context } from '../command.ts';
import { findDeployment } from '../deployment/deployment.ts';
import { CommandError } from '../errors.ts';
import { projectNames } from '../projects/project-names.ts';

/** Answers the scripts of the shells. */
export function define(command: Command, context: Context): void {
  command.argument('[WORDS...]', 'the words so far').action(async (words) => {
    const word = words.at(-1) ?? '';
    const { called, rest, awaited } = await follow(context, words.slice(0, -1));
    const candidates = awaited
      ? await valuesOf(context, awaited.argChoices, awaited.flags, word)
      : word.startsWith('-')
        ? optionsOf(called)
        : await wordsOf(context, called, rest, word);
    const fitting = candidates.filter((each) => each.startsWith(word));
    context.answer(z.array(z.string()), { value: fitting, text: fitting.map((each) => `${each}\n`).join('') });
  });
}

/** The command that the words call, what they give it, and the option whose value comes next. Which Slipway they mean counts here too. */
async function follow(context: Context, words: readonly string[]) {
  const program = await context.program();
  let called = program;
  let awaited: Option | undefined;
  const rest: string[] = [];
  for (const word of words) {
    const next = rest.length === 0 ? called.commands.find((each) => each.name() === word) : undefined;
    const isValue = awaited !== undefined;
    if (awaited && program.options.includes(awaited)) program.setOptionValue(awaited.attributeName(), word);
    awaited = isValue
      ? undefined
      : optionsIn(called).find(({ long, short, required }) => required && (long === word || short === word));
    if (isValue || awaited) continue;
    if (next) called = next;
    else if (!word.startsWith('-')) rest.push(word);
  }
  return { called, rest, awaited };
}

/** Those of a command, and of what it belongs to. */
function optionsIn(command: CommandUnknownOpts): Option[] {
  const above = command.parent ? optionsIn(command.parent) : [];
  return [...command.options.filter(({ hidden }) => !hidden), ...above];
}

const optionsOf = (command: CommandUnknownOpts): string[] => [
  '--help',
  ...optionsIn(command).map(({ long, short }) => long ?? short ?? ''),
];

async function wordsOf(context: Context, called: CommandUnknownOpts, rest: string[], word: string): Promise<string[]> {
  const commands = called.createHelp().visibleCommands(called);
  if (commands.length > 0) return commands.map((each) => each.name());
  const [argument] = called.registeredArguments.slice(rest.length);
  return argument ? valuesOf(context, argument.argChoices, argument.name(), word) : [];
}

/** What an argument or an option takes that is called so. */
async function valuesOf(context: Context, choices: string[] | undefined, name: string, word: string) {
  if (choices) return choices;
  return name.includes('APP/JOB') ? namesOnMachine(context, word) : [];
}

/** AWS is not asked: a keystroke does not wait for it. */
async function namesOnMachine(context: Context, word: string): Promise<string[]> {
  try {
    const connection = await context.connection();
    return connection.machine ? await projectNames(await findDeployment(connection), word) : [];
  } catch (error) {
    // Where nothing answers, nothing is proposed.
    if (!(error instanceof CommandError)) throw error;
    return [];
  }
}
