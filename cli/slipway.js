#!/usr/bin/env node
// The `slipway` command. Any Node starts it; what it does runs on the Node that package.json pins, which reads TypeScript.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const main = new URL('./main.ts', import.meta.url);
/** Compiled TypeScript is cached, so that only the first call waits for it. https://nodejs.org/api/module.html#module-compile-cache */
const compileCache = fileURLToPath(new URL('../node_modules/.cache/slipway', import.meta.url));
const [major = 0] = process.versions.node.split('.').map(Number);
if (major >= 24) {
  module.enableCompileCache(compileCache);
  await import(main.href);
} else runOnPinnedNode();

function runOnPinnedNode() {
  const node = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `slipway: Node ${process.versions.node} is too old, and the one that Slipway brings is not there. Run npm ci.\n`,
    );
    process.exitCode = 2;
    return;
  }
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compileCache },
  });
  // Ctrl-C reaches both processes. Signals to this process alone are passed on, so that the child does not outlive it.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
}
