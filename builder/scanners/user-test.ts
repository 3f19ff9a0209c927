import { open, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { FailedTest } from '../../core/scanners/user-test/user-test.ts';
import { shownText } from '../../core/text/safe-line.ts';
import type { ProjectTest } from '../cccp-file.ts';
import { optionalPathInCheckout } from '../checkout-path.ts';
import { type Container, rootCapabilities } from '../engines/engine.ts';
import { engineMessage } from '../engines/engine-message.ts';
import { DockerfileNotFoundError } from '../errors.ts';
import { ImageRoot } from '../image-root.ts';
import { OutputLimitError } from '../process.ts';
import type { Scanner, ScanSubject } from './scanner.ts';

/** Where the container has the checkout, for reading. */
const mountPoint = '/source';
const outputLimit = 2 * 1024 * 1024;
const shownLines = 20;
const longestLine = 300;
const longestText = 500;

/** What makes a test fail before its script says anything. */
type Problem = Required<Pick<FailedTest, 'problem' | 'remedy'>>;

interface Script {
  /** From the checkout's root. */
  path: string;
  /** From where it was meant; what it runs in. */
  folder: string;
  /** The program that runs it: the script's own, or a shell that is given the script. */
  interpreter: string;
  command: Container['command'];
}

/**
 * Runs the project's own test in a container of the image: as the image's user, in its environment, without credentials, and with the
 * network only where the project requests it. Its output is logged while it runs.
 */
export const userTest: Scanner<'user-test'> = async (subject, call, log) => {
  const { test, engine, image } = subject;
  if (test === undefined) {
    return { state: 'not-applicable', reason: 'No cccp.yml declares a test of the project’s own.', findings: [] };
  }
  if (typeof test === 'string') return { state: 'failed', reason: shownText(test, longestText), findings: [] };
  const failed = (
    fields: Omit<FailedTest, 'script' | 'lastLines'>,
    script = test.script,
    lastLines: string[] = [],
  ) => ({
    state: 'complete' as const,
    findings: [{ script: shownText(script, longestText), ...fields, lastLines }],
  });

  const script = await findScript(subject.checkout, test);
  if ('problem' in script) return failed(script);
  const hasInterpreter = await engine.files(image, [script.interpreter.slice(1)], call, async (root) =>
    new ImageRoot(root).has(script.interpreter),
  );
  if (!hasInterpreter) return failed(withoutInterpreter(script), script.path);

  log.heading('user-test');
  log.line(`${script.path}, for ${test.seconds} s at most, ${test.hasNetwork ? 'with' : 'without'} the network`);
  const time = AbortSignal.timeout(1000 * test.seconds);
  const lines: string[] = [];
  const receive = (line: string) => {
    // What comes when the time is over is the engine's, of how it stopped the script.
    if (time.aborted || line.trim() === '' || engineMessage.test(line)) return;
    lines.push(shownText(line, longestLine));
    if (lines.length > shownLines) lines.shift();
  };
  const output = {
    stream: () => log.stream({ before: 'user-test | ', receive }),
    line: (text: string) => log.line(`user-test | ${text}`),
  };
  const signal = AbortSignal.any([call.signal, time]);
  try {
    const { code } = await engine.run(container(script, subject, test), { ...call, signal, log: output });
    return code === 0 ? { state: 'complete', findings: [] } : failed({ exitCode: code }, script.path, lines);
  } catch (error) {
    if (error instanceof OutputLimitError) return failed(tooMuchOutput(error), script.path, lines);
    if (!time.aborted || call.signal.aborted) throw error;
    return failed({ stoppedAfter: test.seconds }, script.path, lines);
  }
};

function container(
  script: Script,
  { image, checkout, reference }: ScanSubject,
  { hasNetwork }: ProjectTest,
): Container {
  return {
    image,
    command: script.command,
    folder: { source: checkout, target: mountPoint, isReadOnly: true },
    workingFolder: join(mountPoint, script.folder),
    // CCCP promised the name: https://github.com/CentOS/container-index/blob/master/README.md
    environment: { CI: 'true', CONTAINER_NAME: reference },
    hasNetwork,
    user: 'image',
    // As in a container that is started without options, but for devices and raw packets: a server's test starts the server.
    capabilities: [...rootCapabilities, 'NET_BIND_SERVICE'],
    outputLimit,
  };
}

/** The script in the checkout, links followed, as it is now: the project's own prebuild script may have made it. */
async function findScript(checkout: string, { script, folders }: ProjectTest): Promise<Script | Problem> {
  const root = await realpath(checkout);
  const remedy = 'correct test-script in cccp.yml, or add the script to the repository';
  for (const folder of folders) {
    try {
      const real = await optionalPathInCheckout(checkout, join(folder, script), 'test script');
      if (real === undefined) continue;
      const inside = join(mountPoint, relative(root, real));
      const own = ((await stat(real)).mode & 0o111) === 0 ? undefined : await ownInterpreter(real);
      const path = relative(root, real);
      if (own === undefined) return { path, folder, interpreter: '/bin/sh', command: ['/bin/sh', inside] };
      return { path, folder, interpreter: own, command: [inside] };
    } catch (error) {
      if (!(error instanceof DockerfileNotFoundError)) throw error;
      return { problem: 'leads out of the repository or is not a file', remedy };
    }
  }
  return { problem: 'is not in the repository', remedy };
}

/** The program of the first line's `#!`, as the kernel reads it; undefined where there is none. */
async function ownInterpreter(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return /^#![ \t]*(\/[^\s\0]+)/.exec(buffer.toString('utf8', 0, bytesRead))?.[1];
  } finally {
    await file.close();
  }
}

function withoutInterpreter({ interpreter }: Script): Problem {
  const program = shownText(interpreter, 200);
  return {
    problem: `cannot run: the image has no ${program}`,
    remedy:
      interpreter === '/bin/sh'
        ? 'make the script executable and begin it with #! and a program that the image has, or set test-skip: true in cccp.yml'
        : `begin the script with #! and a program that the image has, or add ${program} to the image`,
  };
}

function tooMuchOutput({ message }: OutputLimitError): Problem {
  return {
    problem: `was stopped: ${message.replace(/^It/, 'it').replace(/\.$/, '')}`,
    remedy: 'have it print less, and push',
  };
}
