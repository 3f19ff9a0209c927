import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { entryKeys, requiredKeys } from '../../../core/index/entry-keys.ts';
import { indexSchema } from '../../../core/index/json-schema.ts';

const entry = () =>
  (indexSchema() as unknown as { properties: { Projects: { items: Entry } } }).properties.Projects.items;

interface Entry {
  required: string[];
  properties: Record<string, { description?: string; type?: string[]; pattern?: string; anyOf?: object[] }>;
}

it('is the schema that docs/index.schema.json has: npm run schema writes it', async () => {
  const committed = await readFile(join(import.meta.dirname, '../../../docs/index.schema.json'), 'utf8');
  expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(indexSchema())));
});

it('describes every key, those within others too, and asks for what the reader asks for', () => {
  const { properties, required } = entry();
  expect(Object.keys(properties)).toEqual(entryKeys);
  expect(required.toSorted()).toEqual(requiredKeys.toSorted());
  const undescribed: string[] = [];
  const look = (value: unknown, path: string) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, held] of Object.entries(value)) {
      if (name === 'properties') {
        for (const [key, schema] of Object.entries(held as Entry['properties'])) {
          if (!schema.description) undescribed.push(`${path}/${key}`);
        }
      }
      look(held, `${path}/${name}`);
    }
  };
  look(indexSchema(), '');
  expect(undescribed).toEqual([]);
});

it('takes a tag that an editor reads as a number, and asks no number for an address', () => {
  const { properties } = entry();
  expect(properties['desired-tag']?.type).toEqual(['string', 'number']);
  expect(properties['git-url']?.type).toBe('string');
});

it('takes null where nothing is needed, and nowhere else', () => {
  const { properties } = entry();
  expect(properties['depends-on']?.anyOf).toContainEqual({ type: 'null' });
  expect(properties['git-branch']?.type).toContain('null');
  expect(properties['notify-email']?.anyOf).not.toContainEqual({ type: 'null' });
});
