import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { UpstreamError } from '../core/model/errors.ts';
import { suggestionFor } from '../core/text/suggestion.ts';
import manifest from '../package.json' with { type: 'json' };
import type { Context } from './command.ts';
import { addCommands } from './command-tree.ts';
import { CommandError, type ExitCode, exitCodeMeanings, exitCodes } from './errors.ts';
import type { Terminal } from './terminal.ts';

const howFound = `Slipway is found by the stack of an AWS account, with the credentials and the region of the AWS CLI (AWS_PROFILE, AWS_REGION …); or, if none of these is set, by the folder .slipway that "npm run local" keeps here or in a folder above.`;

/** What the help says after the commands and the options. */
function afterHelp(program: CommandUnknownOpts, helpWidth: number): string {
  const help = program.createHelp();
  help.prepareContext({ helpWidth });
  const codes = Object.entries(exitCodeMeanings).map(([code, meaning]) => help.formatItem(code, 1, meaning, help));
  return ['', help.boxWrap(howFound, helpWidth), '', 'Exit codes:', ...codes].join('\n');
}

/**
 * Runs the command that the arguments name.
 * @throws what no command expects: a mistake of Slipway
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { program, exitCode } = createProgram(terminal);
  const asked = args[0] === 'help' ? [...args.slice(1), '--help'] : args;
  try {
    await program.parseAsync(asked, { from: 'user' });
    return exitCode();
  } catch (error) {
    // It has said what is wrong, or printed the help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const expected = exitCodeOf(error);
    if (expected === undefined) throw error;
    terminal.err(`slipway: ${(error as Error).message}\n`);
    return expected;
  }
}

/** What the library says is wrong. What is wrong with a value is said by its parser. */
function wrongCall(text: string): string {
  return text
    .replace(/^error: (?:command-argument value .*? is invalid for argument '.*?'\. )?/s, '')
    .replace(/^option '(?:-\w, )?(--[\w-]+)[^']*' argument '.*?' is invalid\. /s, '$1: ')
    .replace(/\n$/, `${meantChoice(text)}\n`);
}

function meantChoice(text: string): string {
  const [, value = '', choices = ''] = / '([^']*)' is invalid.*Allowed choices are (.*)\.$/m.exec(text) ?? [];
  const meant = suggestionFor(value, choices.split(', '));
  return meant ? `\n(Did you mean ${meant}?)` : '';
}

/** Each paragraph in one line, for the help to wrap. Lines that begin with a blank keep their form. */
const unwrapped = (text: string) => text.replaceAll(/(?<=\S)\n(?=\S)/g, ' ');

function exitCodeOf(error: unknown): ExitCode | undefined {
  if (error instanceof CommandError) return error.exitCode;
  return error instanceof UpstreamError ? exitCodes.unreachable : undefined;
}

/** The program with its options, and what it calls its commands with. */
function createProgram(terminal: Terminal) {
  const width = Math.min(terminal.width, 120);
  const program = new Command('slipway')
    .description('A git push becomes a built, scanned, judged and released image.')
    .version(manifest.version)
    .option('--stack <NAME>', 'the stack of Slipway in the AWS account', 'Slipway')
    .option('--region <REGION>', 'the region of the stack (default: as for the AWS CLI)')
    .option('--data <DIR>', 'the data folder of Slipway on this machine')
    .option('--json', 'print the answer as JSON')
    .exitOverride()
    .configureHelp({
      showGlobalOptions: true,
      minWidthToWrap: 20,
      commandDescription: (command) => unwrapped(command.description()),
    })
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (text, write) => write(`slipway: ${wrongCall(text)}`),
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
      getOutHasColors: () => terminal.colours,
      getErrHasColors: () => terminal.colours,
    });
  program
    .addHelpText('after', () => afterHelp(program, width))
    .showHelpAfterError('"slipway --help" lists the commands.');

  let exitCode: ExitCode = exitCodes.done;
  const options = () => program.opts();
  const context: Context = {
    terminal,
    isJson: () => options().json === true,
    async connection() {
      const { findConnection } = await import('./deployment/connection.ts');
      return findConnection(options(), process.env, process.cwd());
    },
    async deployment() {
      const { findDeployment } = await import('./deployment/deployment.ts');
      return findDeployment(await context.connection());
    },
    async program() {
      await defineAll();
      return program;
    },
    answer(schema, { value, text, exitCode: code = exitCodes.done }) {
      exitCode = code;
      terminal.out(context.isJson() ? `${JSON.stringify(schema.parse(value), null, 2)}\n` : text);
    },
  };

  const defineAll = addCommands(program, context);
  return { program, exitCode: () => exitCode };
}
