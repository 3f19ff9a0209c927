import * as z from 'zod';
import { vexJustifications, vexStatuses } from '../model/vex.ts';
import { hiddenCharacter } from '../text/visible.ts';

/**
 * An OpenVEX document. Keys that are not in the specification are refused: a misspelt "subcomponents" would turn a statement about one
 * package into one about the whole image. https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
 */

const longestList = 1000;
const line = (longest: number) =>
  z
    .string({ error: 'It must be a text.' })
    .min(1, 'It is empty.')
    .max(longest, `It is longer than ${longest} characters.`)
    .refine(
      (text) => text.search(hiddenCharacter) < 0 && !/[\t\n\r]/.test(text),
      'It has a line break or a character that cannot be seen.',
    );
const prose = z.string({ error: 'It must be a text.' }).max(20_000, 'It is longer than 20000 characters.');
const moment = z.iso.datetime({ offset: true, error: 'It must be a time with a zone, such as 2026-11-21T08:00:00Z.' });
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.array(item, { error: 'It must be a list.' }).max(longestList, `It lists more than ${longestList}.`);

const component = {
  '@id': line(2000).optional(),
  identifiers: z
    .strictObject({
      purl: line(2000).optional(),
      cpe22: line(2000).optional(),
      cpe23: line(2000).optional(),
      // The JSON schema of OpenVEX has these names; its text has those above.
      '@cpe22': line(2000).optional(),
      '@cpe23': line(2000).optional(),
    })
    .optional(),
  hashes: z.record(z.string(), z.string()).optional(),
};
const componentSchema = z.strictObject(component);
const productSchema = z.strictObject({ ...component, subcomponents: listOf(componentSchema).optional() });

const statementSchema = z
  .strictObject({
    '@id': line(2000).optional(),
    version: z.int().nonnegative().optional(),
    vulnerability: z.strictObject(
      {
        '@id': line(2000).optional(),
        name: line(100),
        description: prose.optional(),
        aliases: listOf(line(100)).max(50, 'It lists more than 50.').optional(),
      },
      { error: 'It must be a mapping with the "name" of the vulnerability.' },
    ),
    timestamp: moment.optional(),
    last_updated: moment.optional(),
    /** A statement without products is about whatever contains the document, which is nothing here. */
    products: listOf(productSchema).optional(),
    status: z.enum(vexStatuses, { error: `It must be one of ${vexStatuses.join(', ')}.` }),
    supplier: prose.optional(),
    status_notes: prose.optional(),
    justification: z
      .enum(vexJustifications, { error: `It must be one of ${vexJustifications.join(', ')}.` })
      .optional(),
    impact_statement: prose.optional(),
    action_statement: prose.optional(),
    action_statement_timestamp: moment.optional(),
  })
  .check(
    z.superRefine(({ status, justification, impact_statement, action_statement }, context) => {
      const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
      if (status === 'not_affected' && !justification && !impact_statement) {
        refuse('status', 'A product that is not affected needs a "justification" or an "impact_statement".');
      }
      if (status !== 'not_affected' && justification) {
        refuse('justification', 'It is for the status not_affected only.');
      }
      if (status === 'affected' && !action_statement) {
        refuse('status', 'A product that is affected needs an "action_statement".');
      }
    }),
  );

export const openVexSchema = z.strictObject(
  {
    '@context': z
      .string({ error: 'It must be a text.' })
      .regex(
        /^https:\/\/openvex\.dev\/ns(?:\/v0\.2\.\d+)?$/,
        'It must be https://openvex.dev/ns/v0.2.0, the version of OpenVEX that is read here.',
      ),
    '@id': line(2000),
    author: line(200),
    role: prose.optional(),
    timestamp: moment,
    last_updated: moment.optional(),
    version: z.int({ error: 'It must be a number.' }).positive('It must be a number from 1 upwards.'),
    tooling: prose.optional(),
    supplier: prose.optional(),
    statements: listOf(statementSchema).min(1, 'It has no statement.'),
  },
  { error: 'It must be an OpenVEX document.' },
);

export type OpenVex = z.infer<typeof openVexSchema>;
export type OpenVexStatement = OpenVex['statements'][number];
export type OpenVexProduct = NonNullable<OpenVexStatement['products']>[number];
