import { z } from 'zod';

const reservedNames = [
  'aws.events.rule-arn',
  'aws.events.rule-name',
  'aws.events.event.ingestion-time',
  'aws.events.event',
  'aws.events.event.json',
] as const;
const placeholder = /<([^<>"\s]+)>/g;

export const inputTransformerSchema = z
  .strictObject({ InputPathsMap: z.record(z.string(), z.string()).optional(), InputTemplate: z.string() })
  .superRefine(({ InputPathsMap = {}, InputTemplate }, context) => {
    for (const [, name = ''] of InputTemplate.matchAll(placeholder)) {
      if (Object.hasOwn(InputPathsMap, name) || (reservedNames as readonly string[]).includes(name)) continue;
      context.addIssue(`InputTemplate has <${name}>, which InputPathsMap does not.`);
    }
  });

/** What a target says about the text that it gets. At most one of them is there; without any it is the event. */
export interface TargetInput {
  Input?: string | undefined;
  InputPath?: string | undefined;
  InputTransformer?: z.infer<typeof inputTransformerSchema> | undefined;
}

export interface Occasion {
  event: Record<string, unknown>;
  ruleArn: string;
  ruleName: string;
  /** When the rule saw the event, ISO 8601. */
  ingestedAt: string;
}

/** The JSON text that a target gets for an event. */
export function targetInput({ Input, InputPath, InputTransformer }: TargetInput, occasion: Occasion): string {
  if (Input !== undefined) return Input;
  if (InputPath !== undefined) return JSON.stringify(valueAt(occasion.event, InputPath) ?? {});
  return InputTransformer === undefined ? JSON.stringify(occasion.event) : transform(InputTransformer, occasion);
}

/**
 * Fills a template's `<name>`s: within quotes as text, elsewhere as JSON.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
function transform(
  { InputPathsMap = {}, InputTemplate }: z.infer<typeof inputTransformerSchema>,
  occasion: Occasion,
): string {
  const { 'detail-type': _type, ...withoutType } = occasion.event;
  const reserved: [(typeof reservedNames)[number], unknown][] = [
    ['aws.events.rule-arn', occasion.ruleArn],
    ['aws.events.rule-name', occasion.ruleName],
    ['aws.events.event.ingestion-time', occasion.ingestedAt],
    ['aws.events.event', withoutType],
    ['aws.events.event.json', occasion.event],
  ];
  const values = new Map<string, unknown>([
    ...reserved,
    ...Object.entries(InputPathsMap).map(([name, path]) => [name, valueAt(occasion.event, path)] as const),
  ]);
  // Alternatives in turn: what is escaped, a quote, a name, any other character. The quotes tell where text begins and ends.
  let quoted = false;
  return InputTemplate.replace(/\\[\s\S]|"|<([^<>"\s]+)>/g, (match, name: string | undefined) => {
    if (match === '"') quoted = !quoted;
    if (name === undefined || !values.has(name)) return match;
    const value = values.get(name);
    if (!quoted) return JSON.stringify(value ?? '');
    if (typeof value === 'string') return JSON.stringify(value).slice(1, -1);
    return value === undefined ? '' : JSON.stringify(JSON.stringify(value)).slice(1, -1);
  });
}

/** Follows a JSON path of the simple kind: `$.detail.phases[0]`, `$.detail['build-id']`. */
function valueAt(root: unknown, path: string): unknown {
  const names = [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']+)'\]/g)].map(
    ([, dotted, index, quoted]) => dotted ?? index ?? quoted ?? '',
  );
  return names.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : undefined,
    root,
  );
}
