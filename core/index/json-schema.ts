import * as z from 'zod';
import { entrySchema } from './entry-keys.ts';

type Schema = z.core.JSONSchema.JSONSchema;

/**
 * The JSON Schema of an index file, for editors. It is in draft 7, which the YAML language server of most editors supports
 * best. `slipway index check` checks what a schema cannot: hosts of addresses, paths that leave the repository, names across files.
 * https://github.com/redhat-developer/yaml-language-server
 */
export function indexSchema(): Schema {
  const { $schema, ...entry } = z.toJSONSchema(entrySchema, { target: 'draft-7', io: 'input' }) as Schema;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Slipway index file',
    description: 'The projects of one app-id: index.d/<app-id>.yml',
    type: 'object',
    required: ['Projects'],
    additionalProperties: false,
    properties: {
      Projects: {
        description: 'One entry for each image.',
        type: 'array',
        minItems: 1,
        items: {
          ...(asWritten(entry) as Schema),
          title: 'Project',
          dependencies: {
            'prebuild-script': ['prebuild-context'],
            'prebuild-context': ['prebuild-script'],
          },
        } as Schema,
      },
    },
  };
}

/** Allows numbers for texts: an editor reads an unquoted `3.10` as a number, while our reader keeps the text. */
function asWritten(schema: z.core.JSONSchema._JSONSchema): z.core.JSONSchema._JSONSchema {
  if (typeof schema === 'boolean') return schema;
  const { anyOf, properties, items, ...rest } = schema;
  if (anyOf) return alternatives(anyOf.map(asWritten), rest);
  if (schema.type === 'object' && properties) {
    const required = new Set(schema.required);
    const written = Object.entries(properties).map(([key, held]) => {
      const value = asWritten(held);
      return [key, required.has(key) ? withoutNull(value) : value] as const;
    });
    return { ...rest, properties: Object.fromEntries(written) };
  }
  if (schema.type === 'object' && schema.additionalProperties) {
    return { ...rest, additionalProperties: asWritten(schema.additionalProperties) };
  }
  if (schema.type === 'array') return { ...rest, items: asWritten(items as Schema) };
  if (schema.type !== 'string' || schema.enum || schema.format) return schema;
  const canBeNumber =
    schema.pattern === undefined || ['1', '1.2'].some((number) => new RegExp(schema.pattern ?? '').test(number));
  return canBeNumber ? ({ ...schema, type: ['string', 'number'] } as unknown as Schema) : schema;
}

/** Joins alternatives into one schema with several types: editors explain that better than several schemas. */
function alternatives(schemas: z.core.JSONSchema._JSONSchema[], rest: Schema): Schema {
  const isNull = (schema: z.core.JSONSchema._JSONSchema) => typeof schema === 'object' && schema.type === 'null';
  const others = schemas.filter((schema) => !isNull(schema));
  const [only] = others;
  if (others.length !== 1 || typeof only !== 'object')
    return { anyOf: [...others, ...schemas.filter(isNull)], ...rest } as Schema;
  const type = [only.type, 'null'].flat();
  return { ...only, ...rest, type, ...(only.enum ? { enum: [...only.enum, null] } : {}) } as unknown as Schema;
}

function withoutNull(schema: z.core.JSONSchema._JSONSchema): z.core.JSONSchema._JSONSchema {
  if (typeof schema !== 'object' || !schema.anyOf) return schema;
  return {
    ...schema,
    anyOf: schema.anyOf.filter((each) => typeof each !== 'object' || each.type !== 'null'),
  } as Schema;
}
