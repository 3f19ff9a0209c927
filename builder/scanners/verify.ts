import type { InstalledPackage } from '../../core/model/package-list.ts';
import type { ChangedFile } from '../../core/scanners/file-integrity/file-integrity.ts';
import type { Verification } from '../../core/scanners/file-integrity/verify-output.ts';
import type { EngineCall } from '../engines/engine.ts';
import { engineMessage } from '../engines/engine-message.ts';
import type { Finished } from '../process.ts';
import type { ScanSubject } from './scanner.ts';

/** The image's package manager could not say how the files are. The message is for people. */
export class VerifyFailedError extends Error {
  override readonly name = 'VerifyFailedError';
}

/** The image has packages but no package manager. */
export class ToolMissingError extends Error {
  override readonly name = 'ToolMissingError';
}

/** What is known of a package. */
export type PackageOrigin = Pick<ChangedFile, 'package' | 'signature' | 'vendor'>;

export interface Verified extends Verification {
  /** Finds the packages of files; called only for those that count. */
  owners(paths: readonly string[]): Promise<ReadonlyMap<string, PackageOrigin>>;
}

export type Verify = (tools: Tools, packages: readonly InstalledPackage[]) => Promise<Verified>;

const outputLimit = 64 * 2 ** 20;
/** As much as one process takes for arguments is 2 MiB with the environment. https://man7.org/linux/man-pages/man2/execve.2.html */
const longestArguments = 2 ** 20;
/**
 * Where distributions have their tools: what the image's own `PATH` finds first may be something else. Messages in English without
 * marks for a terminal.
 */
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', LANGUAGE: 'C', TERM: 'dumb', HOME: '/' };
/** What Docker, Podman and Buildah print of a program that they cannot start; the tools themselves print other texts. */
const notStarted = /\bexec: "|fork\/exec |executable file .*not found|exec format error|OCI runtime attempted/i;

/** The image's own tools, each call in a container of its own: as a root that may read every file and change none, without network. */
export class Tools {
  readonly #subject: Pick<ScanSubject, 'engine' | 'image'>;
  readonly #call: EngineCall;
  readonly #isReadOnly: boolean;

  constructor(
    subject: Pick<ScanSubject, 'engine' | 'image'>,
    { call, isReadOnly }: { call: EngineCall; isReadOnly: boolean },
  ) {
    this.#subject = subject;
    this.#call = call;
    this.#isReadOnly = isReadOnly;
  }

  /** @throws ToolMissingError, OutputLimitError */
  async run(program: string, ...args: string[]): Promise<Finished> {
    const { engine, image } = this.#subject;
    const finished = await engine.run(
      {
        image,
        command: [program, ...args],
        workingFolder: '/',
        environment,
        hasNetwork: false,
        user: 'root',
        capabilities: ['DAC_READ_SEARCH'],
        isReadOnly: this.#isReadOnly,
        outputLimit,
      },
      this.#call,
    );
    if (finished.code !== 0 && finished.stdout === '' && notStarted.test(finished.stderr)) {
      throw new ToolMissingError(`There is no ${program} that can be started.`);
    }
    return finished;
  }
}

/** As many of the paths as one call takes. */
export function asArguments(paths: readonly string[]): string[] {
  let length = 0;
  return paths.filter((path) => {
    length += Buffer.byteLength(path) + 9;
    return length <= longestArguments;
  });
}

/**
 * Compares what the tool says is installed with what the builder read from the database itself: a tool that does nothing, or that
 * cannot read its database, finds no fault with any file.
 * @throws VerifyFailedError
 */
export function mustKnow(tool: string, packages: readonly InstalledPackage[], known: ReadonlySet<string>): void {
  const unknown = packages.filter(({ name, version }) => !known.has(`${name} ${version}`));
  const [first] = unknown;
  if (first === undefined) return;
  throw new VerifyFailedError(
    `${tool} knows nothing of ${first.name} ${first.version}, which the image's database has${unknown.length > 1 ? `, nor of ${unknown.length - 1} more` : ''}.`,
  );
}

/** The last line that a failed program printed on stderr, or that it printed nothing. */
export function lastLine({ stderr, code }: Finished): string {
  const lines = stderr.trim().split('\n');
  return lines.findLast((line) => line !== '' && !engineMessage.test(line)) ?? `it ended with ${code} and said nothing`;
}
