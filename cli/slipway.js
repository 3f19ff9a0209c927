#!/usr/bin/env node
// The `slipway` command: as `npm ci` compiled it, or from its sources where they have changed since. Any Node starts it; what it does runs on
// the Node that package.json pins.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compiledProgram, folder, root } from './compiled.js';

const main = compiledProgram({ root, folder }) ?? fileURLToPath(new URL('./main.ts', import.meta.url));
/** What Node compiles is cached, so that only the first call waits for it. https://nodejs.org/api/module.html#module-compile-cache */
const compileCache = fileURLToPath(new URL('../node_modules/.cache/slipway', import.meta.url));
const [major = 0] = process.versions.node.split('.').map(Number);
if (major >= 24) {
  module.enableCompileCache(compileCache);
  await import(pathToFileURL(main).href);
} else await runOnPinnedNode();

async function runOnPinnedNode() {
  const { spawn } = await import('node:child_process');
  const node = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `slipway: Node ${process.versions.node} is too old, and the one that Slipway brings is not there. Run npm ci.\n`,
    );
    process.exitCode = 2;
    return;
  }
  const { constants } = await import('node:os');
  const child = spawn(node, [main, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compileCache },
  });
  // Ctrl-C reaches both processes. Signals to this process alone are passed on, so that the child does not outlive it.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
}
