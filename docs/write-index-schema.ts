import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexSchema } from '../core/index/json-schema.ts';

writeFileSync(join(import.meta.dirname, 'index.schema.json'), `${JSON.stringify(indexSchema(), null, 2)}\n`);
