// Node keeps TypeScript that it has compiled, so that only the first start waits for it (docs/decisions/compiled-command.md).
import module from 'node:module';
import { fileURLToPath } from 'node:url';

module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/slipway', import.meta.url)));
