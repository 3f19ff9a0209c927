import * as z from 'zod';
import { named } from './named.ts';

/** The call that has a target of a project get a release, signed by its caller as the commands are. */
export const promotion = {
  path: '/api/v1/projects/{app}/{job}/{tag}/promotions',
  summary: 'Promotes a release to a target of the entry, such as production',
  body: z
    .strictObject({
      to: z.string().max(300).optional().describe("The target's name; the entry's only service without it."),
      release: z
        .string()
        .max(300)
        .optional()
        .describe('A digest, a tag or a build of the release; what the target before has without it.'),
    })
    .register(named, { id: 'PromotionCommand', description: 'The target, and the release.' }),
} as const;

export type PromotionBody = z.input<typeof promotion.body>;
