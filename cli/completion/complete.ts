import type { Command, CommandUnknownOpts } from '@commander-js/extra-typings';
import * as z from 'zod';
import type { Context } from '../command.ts';
import { findDeployment } from '../deployment/deployment.ts';
import { CommandError } from '../errors.ts';
import { projectNames } from '../projects/project-names.ts';

/** Answers the scripts of the shells. */
export function define(command: Command, context: Context): void {
  command.argument('[WORDS...]', 'the words so far').action(async (words) => {
    const word = words.at(-1) ?? '';
    const { called, rest } = await follow(context, words.slice(0, -1));
    const candidates = word.startsWith('-') ? optionsOf(called) : await wordsOf(context, called, rest, word);
    const fitting = candidates.filter((each) => each.startsWith(word));
    context.answer(z.array(z.string()), { value: fitting, text: fitting.map((each) => `${each}\n`).join('') });
  });
}

/** The command that the words call, and what they give it. */
async function follow(
  context: Context,
  words: readonly string[],
): Promise<{ called: CommandUnknownOpts; rest: string[] }> {
  let called = await context.program();
  const rest: string[] = [];
  for (const word of words) {
    const next = rest.length === 0 ? called.commands.find((each) => each.name() === word) : undefined;
    if (next) called = next;
    else if (!word.startsWith('-')) rest.push(word);
  }
  return { called, rest };
}

function optionsOf(command: CommandUnknownOpts): string[] {
  const all: string[] = ['--help'];
  for (let each: CommandUnknownOpts | null = command; each; each = each.parent)
    all.push(...each.options.filter(({ hidden }) => !hidden).map(({ long, short }) => long ?? short ?? ''));
  return all;
}

async function wordsOf(context: Context, called: CommandUnknownOpts, rest: string[], word: string): Promise<string[]> {
  const commands = called.createHelp().visibleCommands(called);
  if (commands.length > 0) return commands.map((each) => each.name());
  const [argument] = called.registeredArguments.slice(rest.length);
  if (argument?.argChoices) return argument.argChoices;
  const takesProject = argument?.name().includes('APP/JOB');
  return takesProject ? namesOnMachine(context, word) : [];
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
