import type { Command } from '@commander-js/extra-typings';
import { z } from 'zod';
import { oneLine } from '../../core/text/one-line.ts';
import type { Context } from '../command.ts';
import { askAws } from '../deployment/ask-aws.ts';
import { exitCodes } from '../errors.ts';
import { openAccount } from './account.ts';
import { beliefs } from './beliefs.ts';
import { checks } from './checks.ts';
import { type Finding, findingSchema, type NamedFinding, named } from './finding.ts';

const description = `Checks an AWS account: what Slipway needs of it, and what to do about what is not there. It changes nothing.

The exit code is 1 if something is wrong.`;

const answerSchema = z.object({
  account: z.string(),
  stack: z.string(),
  checks: z.array(findingSchema),
  probes: z.array(findingSchema).optional(),
});

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .option('--probe', 'also check what Slipway believes about AWS and no document confirms (docs/beliefs.md)')
    .action(async ({ probe: isProbing }) => {
      const connection = await context.connection();
      const account = await askAws(connection.stack, 'sts:GetCallerIdentity', () => openAccount(connection));
      const found: NamedFinding[] = [];
      for (const [name, check] of Object.entries(checks)) found.push(await named(name, () => check(account)));
      const probes: NamedFinding[] = [];
      for (const [name, { probe }] of Object.entries(isProbing ? beliefs : {})) {
        if (probe) probes.push(await named(name, () => probe(account)));
      }
      const { id, stackName } = account;
      const probed = isProbing ? `\nWhat Slipway believes about AWS\n${probes.map(line).join('')}` : '';
      context.answer(answerSchema, {
        value: { account: id, stack: stackName, checks: found, probes: isProbing ? probes : undefined },
        text: `Account ${id}, stack ${stackName}\n${found.map(line).join('')}${probed}`,
        exitCode: [...found, ...probes].some(({ state }) => state === 'wrong') ? exitCodes.negative : exitCodes.done,
      });
    });
}

const marks: Record<Finding['state'], string> = {
  ok: 'ok      ',
  warning: 'warning ',
  wrong: 'WRONG   ',
  unknown: 'unknown ',
  'not-applicable': 'not here',
};

/** The texts have names and messages of AWS in them. */
function line({ name, state, text, fix }: NamedFinding): string {
  const remedy = fix === undefined ? '' : `${' '.repeat(35)}fix: ${oneLine(fix, 600)}\n`;
  return `  ${marks[state]}  ${name.padEnd(23)} ${oneLine(text, 600)}\n${remedy}`;
}
