import { archivedName } from '../core/builds/archived-image.ts';
import { parseImageReference } from '../core/model/image-reference.ts';
import { saveImage } from '../services/registry/image-archive.ts';
import { createImageOrigin } from '../services/registry/image-origin.ts';
import { outsideRegistry } from '../services/registry/registry-client.ts';

/** A program, because a synthesis cannot wait for promises: `save-image.ts IMAGE PROCESSOR FILE`. */
const [image = '', processor = '', file = ''] = process.argv.slice(2);

const timeoutMilliseconds = 15 * 60_000;
const { registry, repository, digest = '' } = parseImageReference(image);
const limits = { timeoutMilliseconds, signal: AbortSignal.timeout(timeoutMilliseconds) };
const origin = createImageOrigin(outsideRegistry(registry), limits);
try {
  await saveImage(origin, { repository, digest, processor, name: archivedName(image) }, file);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
