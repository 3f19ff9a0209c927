// The command as `npm ci` compiled it (compile.js), for as long as its sources are the same.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const folder = join(root, 'node_modules', '.cache', 'slipway', 'command');
const listFile = 'made-of.json';

/**
 * The program, or undefined if it is not there or one of the files that it was made of has changed.
 * @param {{ root: string, folder: string }} places
 */
export function compiledProgram(places) {
  const list = read(join(places.folder, listFile));
  if (list?.root !== places.root) return undefined;
  const isSame = Object.entries(list.states).every(([path, state]) => stateOf(join(places.root, path)) === state);
  return isSame ? join(places.folder, 'main.mjs') : undefined;
}

/**
 * What `compiledProgram` compares: put it into the folder of the program.
 * @param {{ root: string, files: string[] }} program
 */
export function madeOf({ root: from, files }) {
  const states = Object.fromEntries(files.map((path) => [path, stateOf(join(from, path))]));
  return { name: listFile, text: JSON.stringify({ root: from, states }) };
}

/** When the file was changed, and its size: reading all files would take as long as loading the program. @param {string} path */
function stateOf(path) {
  const file = statSync(path, { throwIfNoEntry: false });
  return file === undefined ? 'gone' : `${file.mtimeMs} ${file.size}`;
}

/** @param {string} path @returns {{ root: string, states: Record<string, string> } | undefined} */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
