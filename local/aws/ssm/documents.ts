import * as z from 'zod';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, resourceType } from '../service.ts';

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html */
const contentSchema = z.strictObject({
  schemaVersion: z.literal('2.2'),
  description: z.string().optional(),
  parameters: z
    .record(
      z.string().regex(/^\w+$/),
      z.strictObject({
        type: z.literal('String'),
        description: z.string().optional(),
        default: z.string().optional(),
        allowedPattern: z.string().optional(),
      }),
    )
    .default({}),
  mainSteps: z
    .array(
      z.strictObject({
        name: z.string(),
        action: z.literal('aws:runShellScript'),
        inputs: z.strictObject({ timeoutSeconds: z.string().default('3600'), runCommand: z.array(z.string()).min(1) }),
      }),
    )
    .length(1),
});
type Content = z.infer<typeof contentSchema>;

/** A document's script with its parameters in their places, and how long it may run. */
export interface Script {
  text: string;
  timeoutMilliseconds: number;
}

/** The documents of Systems Manager that the template declares: each has one shell script. */
export function createDocuments(account: Account) {
  const documents = new Map<string, Content>();

  return {
    arnOf: (name: string) => `arn:aws:ssm:${account.region}:${account.id}:document/${name.split('document/').at(-1)}`,

    /** @throws AwsError if the document or one of its parameters is not as it must be */
    script(name: string, given: Record<string, string[]>): Script {
      const content = documents.get(name.split('document/').at(-1) ?? '');
      if (!content) throw new AwsError('InvalidDocument', 'Document with name does not exist.');
      const unknown = Object.keys(given).find((key) => !Object.hasOwn(content.parameters, key));
      if (unknown !== undefined) throw new AwsError('InvalidParameters', `Parameter ${unknown} is not defined.`);
      const values = new Map(
        Object.entries(content.parameters).map(([key, parameter]) => {
          const value = given[key]?.[0] ?? parameter.default;
          if (value === undefined) throw new AwsError('InvalidParameters', `Parameter ${key} is required.`);
          if (parameter.allowedPattern && !new RegExp(parameter.allowedPattern).test(value))
            throw new AwsError('InvalidParameters', `Parameter ${key} does not match ${parameter.allowedPattern}.`);
          return [key, value];
        }),
      );
      const [step] = content.mainSteps;
      const text = (step?.inputs.runCommand ?? []).join('\n').replaceAll(/\{\{ ?(\w+) ?\}\}/g, (_, key) => {
        const value = values.get(key);
        if (value === undefined) throw new AwsError('InvalidDocumentContent', `The script names {{ ${key} }}.`);
        return value;
      });
      return { text, timeoutMilliseconds: Number(step?.inputs.timeoutSeconds) * 1000 };
    },

    resource: resourceType({
      properties: z.strictObject({
        Content: contentSchema,
        DocumentFormat: z.literal('JSON').optional(),
        DocumentType: z.literal('Command'),
        // The newest one counts.
        UpdateMethod: z.enum(['Replace', 'NewVersion']).optional(),
        Name: z
          .string()
          .regex(/^[\w.-]{3,128}$/)
          .optional(),
        Tags: z.unknown().optional(),
      }),
      create({ properties, ...resource }) {
        const name = properties.Name ?? physicalName(resource, 128);
        documents.set(name, properties.Content);
        return { ref: name };
      },
    }),
  };
}
