import { extname, join } from 'node:path';

/** What reads an image's files in a process of its own. The bundle has it beside itself, under the same name. */
export const readerProgram = join(import.meta.dirname, `image-reader${extname(import.meta.filename)}`);
