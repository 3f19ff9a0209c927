import type { PackageList } from '../../core/model/package-list.ts';
import type { RpmPackage } from '../../core/packages/databases.ts';
import type { Engine, EngineCall } from '../engines/engine.ts';
import { ImageRoot } from '../image-root.ts';
import { type Finished, run } from '../process.ts';
import type { ImageConfiguration } from '../registry.ts';
import { PackagesUnreadableError, packageFiles, readPackages } from './installed-packages.ts';
import { findPrograms, programPaths } from './programs.ts';

/** The image is built by then; its build does not wait longer for a list. */
const timeout = 60_000;
const longestReason = 300;
const rpmFields = ['NAME', 'EPOCH', 'VERSION', 'RELEASE', 'ARCH', 'SOURCERPM'];
const query = ['-qa', '--queryformat', `${rpmFields.map((field) => `%{${field}}`).join('\\t')}\\n`];

/** Package managers, and other programs that scanners run in an image. */
const scannerPrograms = [
  ...['sh', 'apt', 'apt-get', 'dnf5', 'dnf', 'yum', 'microdnf', 'zypper', 'apk', 'rpm', 'dpkg', 'debsums'],
  ...['pip3', 'pip', 'npm', 'gem'],
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

/** Stores the list of the packages in an image that was built. Where it cannot be read, the list says so; that fails no build. */
export async function readContents({ engine, image, configuration, call }: Made): Promise<Contents> {
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeout)]);
  const { log: _, ...quiet } = { ...call, signal };
  const askRpm = async (folder: string): Promise<RpmPackage[]> => {
    const own = await run('rpm', ['--dbpath', folder, ...query], { env: call.env, signal }).catch(notInstalled);
    if (own?.code === 0) return rpmLines(own);
    const command = ['rpm', ...query] as const;
    const inside = await engine.run(
      { image, command: [...command], workingFolder: '/', environment: {}, hasNetwork: false },
      quiet,
    );
    if (inside.code !== 0) {
      throw new PackagesUnreadableError(`neither the builder nor the image has an rpm that reads it: ${inside.stderr}`);
    }
    return rpmLines(inside);
  };
  const path = await configuration.then(
    (known) => known.path,
    () => '',
  );
  let programs: Contents['programs'];
  try {
    const paths = [...packageFiles, ...programPaths(scannerPrograms, path)];
    return await engine.files(image, paths, quiet, async (folder) => {
      const root = new ImageRoot(folder);
      programs = await findPrograms(root, scannerPrograms, path);
      return { packages: await readPackages(root, { workspace: call.workspace, askRpm }), programs };
    });
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, longestReason);
    return { packages: { version: 1, contents: { state: 'unreadable', reason } }, programs };
  }
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

function notInstalled(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'EACCES') throw error;
  return undefined;
}
