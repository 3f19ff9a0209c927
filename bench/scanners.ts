import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { run as runCommand } from '../local/command.ts';
import { sbomGeneratorPath } from '../local/sbom-generator.ts';
import { BuilderSetup } from '../test/builder/builder-setup.ts';
import { packagesFile, putSuite, startPackageSite } from '../test/services/package-site.ts';
import { since } from './builder-log.ts';
import { atMost, type Row } from './report.ts';

const benchmark = 'scanners';
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
/** As many as Debian's main archive has. */
const offered = 60_000;
/** How long the build itself works, in seconds; with everything around it, a build takes about a minute. */
const work = 45;

/**
 * What all scanners together add to the build of a Debian with apt. Its repository is on this machine, so that neither the internet's
 * speed nor the load of Debian's servers changes the figures. The builder's own log has both times.
 */
export async function run(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-scanners-'));
  await using site = await startPackageSite();
  await using setup = await BuilderSetup.open();
  setup.environment.PATH = `${process.env.PATH}:${sbomGeneratorPath()}`;
  try {
    const archive = join(folder, 'rootfs.tar');
    const { VERSION_CODENAME: release = 'stable' } = parseEnv(await readFile('/etc/os-release', 'utf8'));
    await runCommand('mmdebstrap', ['--quiet', '--variant=apt', release, archive]);
    const versions = Object.fromEntries(Array.from({ length: offered }, (_, at) => [`package-${at}`, '1.0-1']));
    const list = Buffer.from(packagesFile({ ...versions, 'base-files': '99' }, architecture));
    putSuite(site, '/debian/dists/stable', { [`main/binary-${architecture}/Packages`]: list }, ['Suite: stable']);
    const { result, log } = await setup.build(
      { Dockerfile: dockerfile(`${site.url}/debian`), 'rootfs.tar': await readFile(archive) },
      { timeoutSeconds: 900 },
    );
    if (result.outcome !== 'built') throw new Error(`The build failed: ${log}`);
    return rowsOf(log);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A processor's work, not a sleep. */
function dockerfile(repository: string): string {
  return `FROM scratch
ADD rootfs.tar /
RUN rm -rf /etc/apt/sources.list.d && echo 'deb [trusted=yes] ${repository} stable main' > /etc/apt/sources.list
RUN end=$(($(date +%s) + ${work})); while [ $(date +%s) -lt $end ]; do head -c 100000000 /dev/zero | sha256sum > /dev/null; done
`;
}

function rowsOf(log: string): Row[] {
  const begun = since(log, 'scan');
  const all = since(log, 'done') - begun;
  const each = [...log.slice(log.indexOf('==> scan')).matchAll(/^([a-z-]+): (.*) \(([\d.]+) s\)$/gm)].map(
    ([, scanner, state = '', seconds]): Row => ({
      benchmark,
      figure: `${scanner} (${state.slice(0, 40)})`,
      value: Number(seconds),
      unit: 's',
    }),
  );
  return [
    ...each,
    { benchmark, figure: 'build before the scanners', value: begun, unit: 's' },
    { benchmark, figure: 'all scanners', value: all, unit: 's' },
    { benchmark, figure: 'of a build of 60 s', value: all / 60, unit: '×', ...atMost(0.2, all / 60) },
  ];
}
