import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What reads an image's files in a process of its own. The bundle has it beside itself, under the same name. */
export const readerProgram = fileURLToPath(new URL(`image-reader${extname(import.meta.url)}`, import.meta.url));
