// Runs the command once after `npm ci`, so that what its TypeScript comes to is kept already when somebody waits for it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
spawnSync(process.execPath, [path('slipway.js'), 'index', 'check', path('../examples/index')], { stdio: 'ignore' });
