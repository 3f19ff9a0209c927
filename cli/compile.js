// Runs the command once after `npm ci`, so that its compiled TypeScript is cached before the first real call.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
spawnSync(process.execPath, [path('slipway.js'), 'index', 'check', path('../examples/index')], { stdio: 'ignore' });
