import type { PackageList } from '../../core/model/package-list.ts';
import type { RpmPackage } from '../../core/packages/databases.ts';
import { ImageUnreadableError, readImage } from '../confined-reader.ts';
import { readerConfinement } from '../engines/confinement.ts';
import type { Engine, EngineCall } from '../engines/engine.ts';
import { type Finished, run } from '../process.ts';
import type { ImageConfiguration } from '../registry.ts';
import { packageFiles } from './package-files.ts';
import { programPaths } from './programs.ts';

/** The image is built by then; its build does not wait longer for a list. */
const timeout = 60_000;
const longestReason = 300;
const rpmFields = ['NAME', 'EPOCH', 'VERSION', 'RELEASE', 'ARCH', 'SOURCERPM'];
const query = ['-qa', '--queryformat', `${rpmFields.map((field) => `%{${field}}`).join('\\t')}\\n`];

/** Package managers, and other programs that scanners run in an image. */
const scannerPrograms = [
  'sh',
  'apt',
  'apt-get',
  'dnf5',
  'dnf',
  'yum',
  'microdnf',
  'zypper',
  'apk',
  'rpm',
  'dpkg',
  'dpkg-query',
  'debsums',
  'pip3',
  'pip',
  'npm',
  'gem',
];

interface Made {
  engine: Engine;
  /** What the engine knows the image by. */
  image: string;
  configuration: Promise<ImageConfiguration>;
  call: EngineCall;
}

interface Contents {
  packages: PackageList;
  programs: ReadonlyMap<string, string> | undefined;
}

/** Lists the packages in an image that was built. Where they cannot be read, the list says so; that fails no build. */
export async function listContents({ engine, image, configuration, call }: Made): Promise<Contents> {
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeout)]);
  const { log: _, ...quiet } = { ...call, signal };
  const path = await configuration.then(
    (known) => known.path,
    () => '',
  );
  const question = { programs: scannerPrograms, path };
  let programs: Contents['programs'];
  try {
    return await engine.files(image, [...packageFiles, ...programPaths(scannerPrograms, path)], quiet, async (root) => {
      const first = await readImage('contents', { root, ...question }, quiet);
      programs = new Map(Object.entries(first.programs));
      if (first.packages) return { packages: first.packages, programs };
      const rpmPackages = await askRpm(first.olderDatabase ?? '', { engine, image, call: quiet });
      const { packages } = await readImage('contents', { root, ...question, rpmPackages }, quiet);
      if (!packages) throw new ImageUnreadableError('The reader gave no list of the packages.');
      return { packages, programs };
    });
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, longestReason);
    return { packages: { version: 1, contents: { state: 'unreadable', reason } }, programs };
  }
}

/** Reads an RPM database in one of the older forms: by this machine's rpm, which is confined, or by the image's own. */
async function askRpm(
  folder: string,
  { engine, image, call }: Pick<Made, 'engine' | 'image' | 'call'>,
): Promise<RpmPackage[]> {
  const { env, signal } = call;
  const [program = '', ...args] = [
    ...(await readerConfinement(env, signal, { memory: 2 ** 30, file: 2 ** 29 })),
    'rpm',
    '--dbpath',
    folder,
    ...query,
  ];
  const own = await run(program, args, { env, signal });
  if (own.code === 0) return rpmLines(own);
  const command = ['rpm', ...query] as const;
  const inside = await engine.run(
    { image, command: [...command], workingFolder: '/', environment: {}, hasNetwork: false },
    call,
  );
  if (inside.code !== 0) {
    throw new ImageUnreadableError(`neither the builder nor the image has an rpm that reads it: ${inside.stderr}`);
  }
  return rpmLines(inside);
}

/** One line for the log. */
export function packagesLine({ contents, distribution }: PackageList): string {
  const system = distribution ? `${distribution.id} ${distribution.version ?? ''}`.trim() : 'no known distribution';
  if (contents.state === 'none') return `none that a package manager knows (${system})`;
  if (contents.state === 'unreadable')
    return `cannot be read, so nobody can say when they are out of date: ${contents.reason}`;
  const { packages, manager, repositories } = contents;
  return `${packages.length} (${manager}, ${system}), ${repositories.length} repositories`;
}

function rpmLines({ stdout }: Finished): RpmPackage[] {
  return stdout.split('\n').flatMap((line) => {
    const [name = '', epoch = '', version = '', release = '', architecture = '', sourceFile = ''] = line.split('\t');
    if (name === '') return [];
    return [{ name, epoch: epoch === '(none)' ? '' : epoch, version, release, architecture, sourceFile }];
  });
}
