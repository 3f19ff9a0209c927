import { parseJson } from '../../core/text/parse-json.ts';
import { type Config, configSchema } from '../config.ts';
import { settings } from './settings.ts';

/** The configuration does not have the form that it must have. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Checks the object `slipway` of the context; the CLI's `--context slipway='{…}'` gives it as text.
 * @throws ConfigError with every fault: what is wrong, where, and what it must be
 */
export function parseConfig(value: unknown): Config {
  if (value === undefined)
    throw new ConfigError(
      report(['"slipway" is not there: it must be an object with at least sender, operators and indexRepository']),
    );
  const given = typeof value === 'string' ? parseJson(value) : value;
  if (given === undefined) throw new ConfigError(report(['"slipway" is text that is not JSON: write an object']));
  const result = configSchema.safeParse(given, { reportInput: true });
  if (result.success) return result.data;
  throw new ConfigError(
    report(
      result.error.issues.map((issue) => {
        const path = ['slipway', ...issue.path].join('.');
        if (issue.code === 'unrecognized_keys') {
          return `${path} has ${issue.keys.map((key) => `"${key}"`).join(', ')}, which Slipway does not know: remove it or correct the spelling`;
        }
        if (issue.input === undefined) return `${path} is missing: ${description(issue.path)}`;
        return `${path} is ${JSON.stringify(issue.input)}: it ${issue.message.startsWith('must') ? issue.message : `is not valid (${issue.message})`}`;
      }),
    ),
  );
}

function report(faults: string[]): string {
  return [
    'The configuration of Slipway, the object "slipway" in the context of cdk.json, is not valid:',
    ...faults.map((fault) => `  - ${fault}.`),
    'The table "Configuration" in docs/operations.md lists every key.',
  ].join('\n');
}

function description(path: PropertyKey[]): string {
  const setting = settings().find(({ key }) => key === path.join('.'));
  return setting ? `add it. ${setting.description.replace(/\.$/, '')}` : 'add it';
}
