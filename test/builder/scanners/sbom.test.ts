import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine, EngineCall } from '../../../builder/engines/engine.ts';
import { BuildLog } from '../../../builder/log.ts';
import { Redaction } from '../../../builder/redaction.ts';
import { beginSbom, sbom } from '../../../builder/scanners/sbom.ts';
import type { ScanSubject } from '../../../builder/scanners/scanner.ts';
import type { PackageList } from '../../../core/model/package-list.ts';
import { sbomGeneratorPath } from '../../../local/sbom-generator.ts';
import { lastGuard, waitLimit } from '../../limits.ts';

let folder: string;
let root: string;
let kept: Map<string, Record<string, never>>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sboms '));
  root = join(folder, 'root');
  mkdirSync(root);
  kept = new Map();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const log = new BuildLog({ redaction: new Redaction(), console: () => undefined, store: async () => undefined });
const usualPath = `${process.env.PATH}:${sbomGeneratorPath()}`;
const signal = () => lastGuard();

const installed = (count: number): PackageList => ({
  version: 1,
  contents: {
    state: 'read',
    manager: 'dpkg',
    architecture: 'amd64',
    repositories: [],
    packages: Array.from({ length: count }, (_, index) => ({ name: `p${index}`, version: '1', architecture: 'all' })),
  },
});

/** Looks at the files of `root`, as an engine would lend them. */
function look(
  path = usualPath,
  packages: PackageList = { version: 1, contents: { state: 'none' } },
  within = signal(),
) {
  const workspace = mkdtempSync(join(folder, 'workspace '));
  const env = { PATH: path, HOME: folder, AWS_SECRET_ACCESS_KEY: 'secret' };
  const call: EngineCall = {
    workspace,
    registry: { url: 'http://localhost:1', host: 'localhost:1' },
    env,
    signal: within,
  };
  const engine: Pick<Engine, 'files'> = { files: (_image, _paths, _call, use) => use(root) };
  const subject: Partial<ScanSubject> = {
    engine: engine as Engine,
    image: 'image',
    reference: `localhost:1/candidate/demo/web@sha256:${'ab'.repeat(32)}`,
    release: 'localhost:1/demo/web',
    createdAt: new Date('2026-11-21T01:02:03Z'),
    packages,
    generatedSbom: beginSbom({ engine: engine as Engine, image: 'image' }, call, waitLimit).made,
    async keepSbom(format, file) {
      kept.set(format, JSON.parse(readFileSync(file, 'utf8')));
    },
  };
  return sbom(subject as ScanSubject, call, log);
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** A trivy that does what a script says, with the file that it is to write in `$out`. */
function pretend(script: string): string {
  const programs = join(folder, 'programs');
  mkdirSync(programs, { recursive: true });
  const text = `#!/bin/sh
out=$6
${script}
`;
  writeFileSync(join(programs, 'trivy'), text);
  chmodSync(join(programs, 'trivy'), 0o755);
  return `${programs}:${process.env.PATH}`;
}

const status =
  'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\nMaintainer: a\nDescription: shell\n';

test('an image’s packages, those of its languages too, are in both SBOMs', async () => {
  put('etc/debian_version', '12.1\n');
  put('etc/os-release', 'ID=debian\nVERSION_ID=12\nPRETTY_NAME=Debian\n');
  put('var/lib/dpkg/status', status);
  put('usr/lib/node_modules/left-pad/package.json', '{"name":"left-pad","version":"1.3.0","license":"WTFPL"}');
  put(
    'usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA',
    'Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n',
  );

  const report = await look(usualPath, installed(1));

  expect(report).toMatchObject({ state: 'complete', tool: expect.stringMatching(/^trivy \S/), findings: [] });
  const { cyclonedx, spdx } = Object.fromEntries(kept) as Record<string, Record<string, never[]>>;
  const names = (list: { name: string }[] = []) => list.map((each) => each.name);
  expect(names(cyclonedx?.components)).toEqual(expect.arrayContaining(['bash', 'left-pad', 'six']));
  expect(names(spdx?.packages)).toEqual(expect.arrayContaining(['bash', 'left-pad', 'six', 'demo/web']));

  const first = JSON.stringify([...kept]);
  await look(usualPath, installed(1));
  expect(JSON.stringify([...kept])).toBe(first);
  // Nothing tells of the machine that it was made on.
  expect(first).not.toContain(folder);
});

test('links lead nowhere out of the image', async () => {
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'status'), status);
  mkdirSync(join(root, 'var/lib'), { recursive: true });
  mkdirSync(join(root, 'usr/lib/node_modules'), { recursive: true });
  symlinkSync(outside, join(root, 'var/lib/dpkg'));
  symlinkSync('../../../../outside', join(root, 'usr/lib/dpkg'));
  symlinkSync('loop', join(root, 'loop'));
  symlinkSync('/', join(root, 'usr/lib/node_modules/all'));

  expect(await look()).toMatchObject({ state: 'complete' });
  expect(kept.get('cyclonedx')).toMatchObject({ components: [] });
});

test('without a generator there is no SBOM, and the reason says what is missing', async () => {
  await expect(look('/nowhere')).rejects.toThrow('no trivy');
  expect(kept.size).toBe(0);
});

test.each([
  ['that fails', 'echo "cannot read\n/it" >&2; exit 3', 'trivy ended with 3: /it'],
  ['that says nothing', 'exit 1', 'trivy ended with 1 and said nothing'],
  ['that writes nothing', 'exit 0', 'ENOENT'],
  ['that writes garbage', 'echo "<html>" > "$out"', 'did not write a CycloneDX document'],
  ['whose document is too large', 'head -c 33554433 /dev/zero > "$out"', 'more than the 32 MiB'],
  ['that prints without end', 'yes >&2', 'printed more than'],
])('a generator %s gives no SBOM', async (_what, script, reason) => {
  await expect(look(pretend(script))).rejects.toThrow(reason);
  expect(kept.size).toBe(0);
});

test('a generator that hangs is ended with its time', async () => {
  await expect(look(pretend('sleep 60'), undefined, AbortSignal.timeout(300))).rejects.toThrow(/timeout|abort/i);
});

/** What it writes of an image without packages. */
const empty = JSON.stringify({
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  metadata: { tools: [{ name: 'trivy' }], component: { type: 'application', name: '.' } },
});

test('a generator that sees no packages where the image’s database has some is not believed', async () => {
  await expect(look(pretend(`echo '${empty}' > "$out"`), installed(7))).rejects.toThrow('lists 7');
  expect(kept.size).toBe(0);
});

test('SBOMs that miss a package of the image’s database are kept, and are said to be incomplete', async () => {
  put('etc/debian_version', '12.1\n');
  put('var/lib/dpkg/status', `${status}\n\n${status.replace('bash', 'zsh')}`);
  expect(await look(usualPath, installed(2))).toMatchObject({
    state: 'failed',
    reason: "The SBOMs list 1 of the 2 packages that the image's own database has.",
  });
  expect(kept.size).toBe(2);
});

test('of an image whose database nobody can read there is no empty SBOM', async () => {
  const unreadable: PackageList = {
    version: 1,
    contents: { state: 'unreadable', reason: 'it is larger than it may be' },
  };
  await expect(look(pretend(`echo '${empty}' > "$out"`), unreadable)).rejects.toThrow('larger than it may be');
  expect(kept.size).toBe(0);
});

test('a generator knows nothing of the builder’s credentials', async () => {
  await expect(look(pretend('[ "$(env | grep -c secret)" = 0 ] && exit 9'))).rejects.toThrow('ended with 9');
});
