import { mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { billOf, largestBill } from '../../core/bill-of-materials.ts';
import { type BillFormat, billFormats } from '../../core/build-request.ts';
import { confinement } from '../engines/confinement.ts';
import type { EngineCall } from '../engines/engine.ts';
import { ownPlatform } from '../platform.ts';
import { exists, run } from '../process.ts';
import type { Scanner } from './scanner.ts';

/** A bill of materials that cannot be had, or that nobody should believe. */
class BillNotMadeError extends Error {
  override readonly name = 'BillNotMadeError';
}

/** What the generator may have and write: an image's archives are unpacked beside it, and were perhaps made to be too much. */
const limits = { memory: 3 * 2 ** 29, file: 2 ** 29 } as const;

/** As the generator calls the formats. */
const outputs: Record<BillFormat, string> = { cyclonedx: 'cyclonedx-json', spdx: 'spdx-json' };
const formats = Object.keys(billFormats) as BillFormat[];

/**
 * Makes the image's bills of materials with Syft, from the image's files and not by pulling it: what reads strangers' files has
 * neither network nor credentials.
 */
export const sbom: Scanner<'sbom'> = async (subject, call) => {
  const { engine, image, reference, createdAt, packages } = subject;
  if (!(await exists('syft', ['--version'], call))) {
    throw new BillNotMadeError(
      'There is no syft on this builder to make it with. docs/scanners.md says how it gets there.',
    );
  }
  const folder = await mkdtemp(join(call.workspace, 'bills-'));
  await engine.files(image, ['.'], call, (root) => generate(root, folder, call));

  const billed = {
    repository: subject.release,
    digest: reference.slice(reference.lastIndexOf('@') + 1),
    architecture: ownPlatform().architecture,
    createdAt,
  };
  let tool = '';
  for (const format of formats) {
    const bill = billOf(format, await readBill(join(folder, format)), billed);
    const { contents } = packages;
    // A database that it cannot read is nothing to Syft but a file without packages.
    if (bill.distributionPackages === 0 && contents.state === 'read' && contents.packages.length > 0) {
      throw new BillNotMadeError(
        `${bill.tool} saw no package of the distribution, and the image's own database lists ${contents.packages.length}.`,
      );
    }
    await writeFile(join(folder, format), bill.text);
    tool ||= bill.tool;
  }
  for (const format of formats) await subject.keepBill(format, join(folder, format));
  return { state: 'complete', tool, findings: [] };
};

/** https://github.com/anchore/syft/wiki/configuration */
async function generate(root: string, folder: string, call: Omit<EngineCall, 'log'>): Promise<void> {
  const [home, temporary] = [join(folder, 'home'), join(folder, 'tmp')];
  await Promise.all([mkdir(home), mkdir(temporary)]);
  const { signal } = call;
  const limited = (await exists('prlimit', ['--version'], call))
    ? ['prlimit', `--data=${limits.memory}`, `--fsize=${limits.file}`, '--core=0', '--']
    : [];
  const [program = '', ...args] = [
    ...(await confinement(call.env, signal, { alone: true })),
    ...limited,
    ...['syft', 'scan', '--quiet', `dir:${root}`],
    // Links lead where they would in a container, never out of the image.
    `--base-path=${root}`,
    // What is installed, as of an image; in a folder Syft would look for what a project declares.
    '--override-default-catalogers=image',
    // Only so that nothing in the document depends on the folder's name.
    ...['--source-name=image', '--source-version=0'],
    ...formats.map((format) => `--output=${outputs[format]}=${join(folder, format)}`),
  ];
  const { code, stderr } = await run(program, args, {
    signal,
    // No configuration of this machine's is read.
    cwd: home,
    env: {
      ...(call.env.PATH === undefined ? {} : { PATH: call.env.PATH }),
      HOME: home,
      TMPDIR: temporary,
      GOMEMLIMIT: String(limits.memory / 2),
      SYFT_CHECK_FOR_APP_UPDATE: 'false',
      // Ten thousands of files with the package that they belong to are most of a document, and no materials.
      SYFT_FILE_METADATA_SELECTION: 'none',
      SYFT_RELATIONSHIPS_PACKAGE_FILE_OWNERSHIP: 'false',
    },
  });
  if (code !== 0) {
    const said = stderr.trim().split('\n').at(-1);
    throw new BillNotMadeError(`syft ended with ${code}${said ? `: ${said}` : ' and said nothing'}.`);
  }
}

async function readBill(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > largestBill) {
    throw new BillNotMadeError(
      `It has ${Math.ceil(size / 2 ** 20)} MiB, more than the ${largestBill / 2 ** 20} MiB that are kept.`,
    );
  }
  return readFile(file, 'utf8');
}
