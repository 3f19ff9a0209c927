import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';
import { crc32 } from 'node:zlib';

export interface LoadedModule {
  exports: Record<string, unknown>;
  /** Keeps what is compiled by now, unless that was kept before. To be called when the module has done what it is for. */
  keep(): void;
}

/**
 * Loads a CommonJS module with what V8 had compiled of it when it last ran. Node's own cache has what is compiled when a file is loaded,
 * but most functions are compiled when they are first called. https://nodejs.org/api/vm.html#scriptcreatecacheddata
 * @param folder for what is compiled; undefined: it is not kept
 */
export function loadCommonJs(file: string, folder: string | undefined): LoadedModule {
  const { script, keep } = compile(file, folder);
  const module = new Module(file);
  const run = script.runInThisContext();
  run.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
  return { exports: module.exports, keep };
}

/** What it reads is garbage when the module begins to run. */
function compile(file: string, folder: string | undefined): { script: Script; keep(): void } {
  const code = readFileSync(file, 'utf8');
  const compiled = folder === undefined ? undefined : compiledCode(join(folder, basename(dirname(file))), code);
  const cachedData = compiled?.read();
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {\n${code}\n})`, {
    filename: file,
    // The line before the code is not the file's.
    lineOffset: -1,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  let isKept = cachedData !== undefined && !script.cachedDataRejected;
  return {
    script,
    keep() {
      if (!isKept) compiled?.keep(script.createCachedData());
      isKept = true;
    },
  };
}

/**
 * What is compiled, followed by a checksum of it and of its code: V8 compares no more of either than the length, and a process that runs
 * anything else crashes.
 */
function compiledCode(file: string, code: string): { read(): Buffer | undefined; keep(compiled: Buffer): void } {
  const ofCode = crc32(code);
  const checksumOf = (compiled: Buffer) => {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(crc32(compiled, ofCode));
    return checksum;
  };
  return {
    read() {
      if (!existsSync(file)) return undefined;
      const content = readFileSync(file);
      const compiled = content.subarray(0, -4);
      return content.subarray(-4).equals(checksumOf(compiled)) ? compiled : undefined;
    },
    keep(compiled) {
      const unfinished = `${file}.${randomUUID()}`;
      try {
        writeFileSync(unfinished, Buffer.concat([compiled, checksumOf(compiled)]));
        renameSync(unfinished, file);
      } catch {
        // The folder cannot be written, or goes with a machine that ends: the next instance compiles again.
        rmSync(unfinished, { force: true });
      }
    },
  };
}
