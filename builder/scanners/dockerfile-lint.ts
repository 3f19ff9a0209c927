import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkDockerfile } from '../../core/scanners/dockerfile-lint/buildkit-checks.ts';
import type { Lint } from '../../core/scanners/dockerfile-lint/dockerfile-lint.ts';
import { HadolintAnswerError, prepareForHadolint, readHadolint } from '../../core/scanners/dockerfile-lint/hadolint.ts';
import { withoutSkipped } from '../../core/scanners/dockerfile-lint/skipped-checks.ts';
import {
  type WrittenInstruction,
  writtenInstructions,
} from '../../core/scanners/dockerfile-lint/written-instruction.ts';
import { mostFindings } from '../../core/scanners/report.ts';
import { shownText } from '../../core/text/safe-line.ts';
import { optionalPathInCheckout } from '../checkout-path.ts';
import { ReaderNotConfinedError, readerConfinement } from '../engines/confinement.ts';
import { DockerfileNotFoundError } from '../errors.ts';
import type { BuildLog } from '../log.ts';
import { OutputLimitError, run } from '../process.ts';
import type { Scanner, ScanResult, ScanSubject } from './scanner.ts';

/** People's Dockerfiles have a hundredth of this; one that is made for it keeps a linter busy for hours. */
const largestDockerfile = 256 * 1024;
/** The time limit of hadolint, in milliseconds. */
const timeout = 10_000;
const limits = { memory: 2 ** 30, file: 2 ** 20 } as const;
/** Where a project configures which rules hadolint ignores: https://github.com/hadolint/hadolint#configure */
const configurations = ['.hadolint.yaml', '.hadolint.yml'];

/**
 * "Pin versions in apt-get install", and the same for apk, yum, zypper and dnf. A project that is built again whenever its packages have
 * updates is better off without: advice, which blocks nothing.
 */
const advice = ['DL3008', 'DL3018', 'DL3033', 'DL3037', 'DL3041'];

type Call = Parameters<Scanner<'dockerfile-lint'>>[1];

/**
 * Reads the Dockerfile that the image was built from as a reviewer would: by the checks that BuildKit describes, and by hadolint where
 * the builder has it.
 */
export const dockerfileLint: Scanner<'dockerfile-lint'> = async (subject, call, log) => {
  const text = await readFile(subject.dockerfile, 'utf8');
  if (text.length > largestDockerfile) {
    const reason = `The Dockerfile is larger than ${largestDockerfile / 1024} KiB, and is not checked.`;
    return { state: 'failed', reason, findings: [] };
  }
  const instructions = writtenInstructions(text);
  const report = (lints: Lint[], fields: Omit<ScanResult<'dockerfile-lint'>, 'findings' | 'total'>) => {
    const kept = withoutSkipped(lints, text).sort((one, other) => one.line - other.line);
    return { ...fields, findings: kept.slice(0, mostFindings), total: kept.length };
  };
  const version = await versionOf(call);
  if (version === undefined) {
    return report(checkDockerfile(text, instructions), {
      state: 'complete',
      tool: "BuildKit's checks, without hadolint",
    });
  }
  const tool = `hadolint ${version}`;
  try {
    const beside = checkDockerfile(text, instructions, { besideHadolint: true });
    return report([...(await hadolint(text, instructions, subject, call, log)), ...beside], {
      state: 'complete',
      tool,
    });
  } catch (error) {
    // The results of our own checks count, whether or not hadolint fails.
    const isExpected = [HadolintAnswerError, OutputLimitError, ReaderNotConfinedError].some(
      (kind) => error instanceof kind,
    );
    if (!(error instanceof Error) || !isExpected) throw error;
    const reason = shownText(error.message, 500);
    return report(checkDockerfile(text, instructions), { state: 'failed', tool, reason });
  }
};

/** `2.15.1`; undefined where there is none that can be started. */
async function versionOf(call: Call): Promise<string | undefined> {
  const answer = await run('hadolint', ['--version'], call).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
    throw error;
  });
  return /\d+(?:\.\d+)+/.exec(answer?.stdout ?? '')?.[0];
}

/** @throws HadolintAnswerError, OutputLimitError */
async function hadolint(
  text: string,
  instructions: readonly WrittenInstruction[],
  { checkout }: ScanSubject,
  call: Call,
  log: BuildLog,
): Promise<Lint[]> {
  const folder = await mkdtemp(join(call.workspace, 'lint-'));
  const file = join(folder, 'Dockerfile');
  const prepared = prepareForHadolint(text, instructions);
  await writeFile(file, prepared.text);
  const configuration = await configurationOf(checkout);
  const [program = '', ...args] = [
    ...(await readerConfinement(call.env, call.signal, limits)),
    'hadolint',
    '--no-fail',
    '--no-color',
    '--format=json',
    ...advice.map((rule) => `--info=${rule}`),
    ...(configuration === undefined ? [] : [`--config=${configuration}`]),
    file,
  ];
  const time = AbortSignal.timeout(timeout);
  const signal = AbortSignal.any([call.signal, time]);
  // It would also read the configuration of the user who runs it, which is not the project's.
  const env = { ...call.env, HOME: folder, XDG_CONFIG_HOME: folder };
  const { code, stdout, stderr } = await run(program, args, { env, signal, cwd: folder }).catch((error: unknown) => {
    if (!time.aborted || call.signal.aborted) throw error;
    throw new HadolintAnswerError(`hadolint was stopped after ${timeout / 1000} seconds.`);
  });
  // It ignores a configuration that it cannot read.
  if (/Error parsing your config file/.test(stderr))
    log.line('warning: hadolint cannot read the repository’s .hadolint.yaml');
  if (code === 0) return readHadolint(stdout, prepared);
  const message = `${stdout}\n${stderr}`.trim().split('\n')[0];
  throw new HadolintAnswerError(
    `hadolint could not check the Dockerfile (${code}): ${message || 'it does not say why'}`,
  );
}

async function configurationOf(checkout: string): Promise<string | undefined> {
  for (const name of configurations) {
    try {
      const path = await optionalPathInCheckout(checkout, name, 'configuration of hadolint');
      if (path !== undefined) return path;
    } catch (error) {
      if (!(error instanceof DockerfileNotFoundError)) throw error;
      throw new HadolintAnswerError(error.message);
    }
  }
  return undefined;
}
