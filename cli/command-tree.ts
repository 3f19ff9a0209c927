import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { CommandFile, Context } from './command.ts';
import { pathOf } from './command-path.ts';
import { commands, groups } from './commands.ts';

/**
 * Adds all commands to the program. What one takes is read from its file when it is called.
 * @returns reads the files of all
 */
export function addCommands(program: CommandUnknownOpts, context: Context): () => Promise<void> {
  /** By command, until it is defined. */
  const definitions = new Map<CommandUnknownOpts, () => Promise<void>>();
  async function define(command: CommandUnknownOpts): Promise<void> {
    const definition = definitions.get(command);
    definitions.delete(command);
    await definition?.();
  }

  function definesCalled(command: CommandUnknownOpts): void {
    command.helpCommand(false).hook('preSubcommand', (_, called) => define(called));
  }

  function add(parent: CommandUnknownOpts, name: string, summary: string): Command {
    const command = new Command(name).copyInheritedSettings(parent).summary(summary).description(summary);
    parent.addCommand(command);
    command.showHelpAfterError(`"${pathOf(command)} --help" says more.`);
    return command;
  }

  function addGroup(name: string, title: string): Command {
    const group = add(program, name, groups[name] ?? '').helpGroup(title);
    definesCalled(group);
    return group;
  }

  function addFile(command: Command, load: () => Promise<CommandFile>): void {
    definitions.set(command, async () => (await load()).define(command, context));
  }

  definesCalled(program);
  for (const [title, entries] of Object.entries(commands)) {
    for (const { name, summary, load } of entries) {
      const [first = '', second] = name.split(' ');
      if (second === undefined) addFile(add(program, first, summary).helpGroup(title), load);
      else {
        const group = program.commands.find((each) => each.name() === first) ?? addGroup(first, title);
        addFile(add(group, second, summary), load);
      }
    }
  }
  const complete = new Command('complete').copyInheritedSettings(program);
  program.addCommand(complete, { hidden: true });
  addFile(complete, () => import('./completion/complete.ts'));
  return async () => {
    await Promise.all([...definitions.keys()].map(define));
  };
}
