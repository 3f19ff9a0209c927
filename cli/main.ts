import { run } from './program.ts';
import { openTerminal } from './terminal.ts';

// The reader may close the pipe early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const exitCode = await run(process.argv.slice(2), openTerminal(process));
// A process that is left to end by itself first collects the garbage of all that it has loaded. Where what it wrote is still on its way, it
// waits. https://nodejs.org/api/process.html#a-note-on-process-io
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((written) => stream.write('', written))),
);
process.exit(exitCode);
