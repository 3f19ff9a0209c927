import { Argument, type Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import type { Context } from '../command.ts';
import { scripts } from './scripts.ts';

const description = `Prints the completion of a shell: commands, options, and the names of projects where Slipway runs on this machine.

  bash   source <(npx slipway completion bash)
  zsh    source <(npx slipway completion zsh)
  fish   npx slipway completion fish | source

It is for "slipway" and calls the command of that name, as "npm link" puts it into the path.`;

const shells = ['bash', 'zsh', 'fish'] as const;

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .addArgument(new Argument('<SHELL>', 'the shell').choices(shells))
    .action((shell) => {
      context.answer(z.object({ script: z.string() }), { value: { script: scripts[shell] }, text: scripts[shell] });
    });
}
