import { DockerfileFailedError, PullLimitedError } from '../errors.ts';

const shownLines = 8;
const longestLine = 300;
const tooManyRequests = /\b429 Too Many Requests\b|\btoomanyrequests\b/i;

/** `RUN make` in one sentence: which instruction of the Dockerfile failed, why, and the last lines it printed. */
export function failedInstruction(output: readonly string[]): string {
  const { instruction, reason } = engineError(output);
  const printed = output
    .filter(
      (line) =>
        line.trim() !== '' &&
        !/^(?:Error|ERROR|STEP|\[\d+\/\d+\] STEP|-->|time=|subprocess exited|#\d+ |-{4,}|Dockerfile:\d|\s+\d+ \| | > )/.test(
          line,
        ),
    )
    .slice(-shownLines)
    .map((line) => cut(line.replace(/^\d+\.\d+ /, '')));
  const isOfPull = isPull(instruction, reason);
  const whole = isOfPull ? 'The pull of a base image failed' : 'The Dockerfile failed';
  return [
    instruction === undefined ? whole : `The instruction ${cut(instruction)} failed`,
    reason === undefined ? '. ' : `: ${cut(reason)}. `,
    isOfPull
      ? 'The image exists, and could not be pulled. If it lacks this platform, name another; otherwise have the build started again.'
      : 'Correct it and push again; the log has the whole output.',
    printed.length === 0 ? '' : `\nIts last lines:\n${printed.join('\n')}`,
  ].join('');
}

/** Whether the engine failed to get a base image. Its digest was looked up before, so what is left are its registry and its platforms. */
function isPull(instruction: string | undefined, reason = ''): boolean {
  if (instruction !== undefined) return /^FROM\b/i.test(instruction);
  return /(?:^|: )(?:initializing source docker:|pinging container registry |copying system image )/.test(reason);
}

/** The registry's refusal of a pull because it received too many requests; undefined when the engine failed with something else. */
export function pullLimit(output: readonly string[]): string | undefined {
  const { reason } = engineError(output);
  // The text of a RUN instruction is the project's, and so is what it prints.
  if (reason === undefined || /^process "/.test(reason) || !tooManyRequests.test(reason)) return undefined;
  return cut(reason);
}

/** The code of Docker, Podman and Buildah for a container that they could not start. https://docs.docker.com/engine/containers/run/#exit-status */
const notStarted = 125;

/** The same where a container was to run. A command that ends with that code too does its own build no good: it only runs again later. */
export function startLimit(code: number | null, output: readonly string[]): string | undefined {
  const line = code === notStarted ? output.findLast((each) => tooManyRequests.test(each)) : undefined;
  return line && cut(line);
}

/** Why the engine could not start a container, for another reason; undefined where its command ran. */
export function startFailure(code: number | null, output: readonly string[]): string | undefined {
  const line = code === notStarted ? output.findLast((each) => /^(?:docker: |Error: )/.test(each)) : undefined;
  return line && cut(line);
}

function engineError(output: readonly string[]): { instruction: string | undefined; reason: string | undefined } {
  const text = output.join('\n');
  // Buildah and Podman: Error: building at STEP "RUN make": while running runtime: exit status 2
  const buildah = /^Error: (?:error )?building at STEP "(.*?)": (.*)$/m.exec(text);
  // BuildKit: a list of the file's lines with `>>>` before the failed ones, then ERROR: failed to build: failed to solve: …
  const buildkit = /^ERROR: (?:failed to build: )?(?:failed to solve: )?(.*)$/m.exec(text);
  const marked = [...text.matchAll(/^\s*\d+ \| >>> (.*)$/gm)].map(([, line = '']) => line.trim()).join(' ');
  return {
    instruction: buildah?.[1] ?? (marked || undefined),
    reason: withoutFolder(buildah?.[2]) ?? withoutCommand(buildkit?.[1]) ?? /^(?:Error|ERROR): (.*)$/m.exec(text)?.[1],
  };
}

/** The instruction shows the command already: `process "/bin/sh -c make" did not complete successfully: exit code: 2`. */
function withoutCommand(reason: string | undefined): string | undefined {
  return reason?.replace(/^process ".*" did not complete successfully: (?=exit code: \d+$)/, '');
}

/** The folder is this machine's own: `checking on sources under "/tmp/…/source": copier: stat: "/file": no such file or directory`. */
function withoutFolder(reason: string | undefined): string | undefined {
  return reason?.replace(/^checking on sources under ".*?": copier: stat: /, '');
}

/** Why BuildKit could not push what it built; undefined when it failed with something else. */
export function pushFailure(output: readonly string[]): string | undefined {
  const reason = /^ERROR: .*?\bfailed to push ([^:]+(?::\d+)?\/.*)$/m.exec(output.join('\n'))?.[1];
  if (reason === undefined) return undefined;
  return `The image was built, but the registry did not take it: ${cut(reason)}.`;
}

function cut(text: string): string {
  return text.length > longestLine ? `${text.slice(0, longestLine)}…` : text;
}

/** Why the engine ended before it had an image: a registry that limits pulls, or an instruction. */
export function buildFailure(output: readonly string[]): PullLimitedError | DockerfileFailedError {
  const limit = pullLimit(output);
  return limit === undefined ? new DockerfileFailedError(failedInstruction(output)) : new PullLimitedError(limit);
}
