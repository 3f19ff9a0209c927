import * as z from 'zod';
import { configSchema } from '../config.ts';

export interface Setting {
  /** `build.timeoutSeconds` */
  key: string;
  /** As JSON; undefined where there is none. */
  default: string | undefined;
  required: boolean;
  description: string;
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  required?: string[];
  default?: unknown;
  description?: string;
}

/** Every key of the configuration with its meaning and default, for the table in docs/operations.md. */
export function settings(): Setting[] {
  return listed(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema, '', true);
}

/** @param isExpected false within a part that may be left out as a whole */
function listed({ properties = {}, required = [] }: JsonSchema, prefix: string, isExpected: boolean): Setting[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const isAsked = isExpected && (required.includes(name) || schema.default !== undefined);
    if (schema.properties) return listed(schema, `${prefix}${name}.`, isAsked);
    return {
      key: `${prefix}${name}`,
      default: schema.default === undefined ? undefined : JSON.stringify(schema.default),
      required: isExpected && required.includes(name),
      description: schema.description ?? '',
    };
  });
}
