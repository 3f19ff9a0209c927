import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexSchema } from '../core/index/json-schema.ts';
import { publishedEventsSchema } from '../core/published-events/published-event.ts';

const schemas = { index: indexSchema(), 'published-events': publishedEventsSchema() };
for (const [name, schema] of Object.entries(schemas))
  writeFileSync(join(import.meta.dirname, `${name}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`);
