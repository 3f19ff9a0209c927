import type { Command, ExitCode, Terminal } from './command.ts';
import { UsageError } from './command.ts';

/** A command's file is loaded only when it is called, so that no command loads another's libraries. */
const commands: Record<string, { arguments: string; summary: string; load: () => Promise<Command> }> = {
  'index check': {
    arguments: '[DIR]',
    summary: 'check an index offline, as a pull request to it is checked',
    load: () => import('./index-check.ts'),
  },
  build: {
    arguments: 'APP/JOB:TAG [--commit SHA]',
    summary: 'build a project now',
    load: () => import('./build.ts'),
  },
  rollback: {
    arguments: 'APP/JOB[:TAG] [--to NAME]',
    summary: 'move the tags of a project back to an earlier release',
    load: () => import('./rollback.ts'),
  },
  hold: {
    arguments: 'APP/JOB[:TAG] [--until DATE]',
    summary: "hold a project's releases",
    load: () => import('./hold.ts'),
  },
  unhold: {
    arguments: 'APP/JOB[:TAG]',
    summary: 'end a hold, and release what waits',
    load: () => import('./unhold.ts'),
  },
  'import dockerhub': {
    arguments: 'FILE --notify-email A',
    summary: "make index entries of Docker Hub's build rules",
    load: () => import('./import-dockerhub.ts'),
  },
  verify: {
    arguments: 'IMAGE [--key FILE]',
    summary: 'verify the signature of a released image, and say what is proven of it',
    load: () => import('./verify.ts'),
  },
  promote: {
    arguments: 'APP/JOB:TAG --to TARGET',
    summary: 'promote a release to a target',
    load: () => import('./promote.ts'),
  },
  retention: {
    arguments: '[APP/JOB] [--days N]',
    summary: 'say which released images would expire, and why the others stay',
    load: () => import('./retention.ts'),
  },
  'webhook add': {
    arguments: 'OWNER/REPO...',
    summary: 'set up the webhook of a repository at GitHub',
    load: () => import('./webhook-add.ts'),
  },
  'webhook rotate': {
    arguments: '',
    summary: 'replace the secrets of all webhooks',
    load: () => import('./webhook-rotate.ts'),
  },
  'webhook-secret': {
    arguments: 'OWNER/REPO',
    summary: "print the secret of a repository's webhook",
    load: () => import('./webhook-secret.ts'),
  },
  doctor: {
    arguments: '[--probe]',
    summary: 'check an AWS account, and say what to do',
    load: () => import('./doctor.ts'),
  },
};

const help = `Slipway: a git push becomes a built, scanned, judged and released image.

${Object.entries(commands)
  .map(([name, command]) => `  ${`slipway ${name} ${command.arguments}`.padEnd(50)}${command.summary}`)
  .join('\n')}

slipway COMMAND --help says more.
`;

async function main(args: string[], terminal: Terminal): Promise<ExitCode> {
  const name = Object.keys(commands).find((each) => each.split(' ').every((word, at) => args[at] === word));
  const command = name === undefined ? undefined : commands[name];
  if (name === undefined || command === undefined) {
    if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
      (args.length === 0 ? terminal.err : terminal.out)(help);
      return args.length === 0 ? 2 : 0;
    }
    terminal.err(`slipway: there is no command "${args.join(' ')}".\n\n${help}`);
    return 2;
  }
  const { run } = await command.load();
  try {
    return await run(args.slice(name.split(' ').length), terminal);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.err(`slipway ${name}: ${error.message} See slipway ${name} --help.\n`);
    return 2;
  }
}

// The reader may close the pipe early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  // https://no-color.org
  colours: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
});
