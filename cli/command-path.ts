import type { CommandUnknownOpts } from '@commander-js/extra-typings';

/** The words by which a command is called. */
export function pathOf(command: CommandUnknownOpts): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
