import type { Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import { oneLine } from '../../core/text/one-line.ts';
import type { Context } from '../command.ts';
import { askAws } from '../deployment/ask-aws.ts';
import type { Connection } from '../deployment/connection.ts';
import { exitCodes } from '../errors.ts';
import { openAccount } from './account.ts';
import { beliefs } from './beliefs.ts';
import { type CheckResult, checkResultSchema, type NamedCheckResult, named } from './check-result.ts';
import { checksOf } from './checks.ts';
import { machineChecks } from './machine-checks.ts';

const description = `Checks what Slipway needs, and says what to do about what is not there: of an AWS account, or of the machine that it runs on.

It changes nothing. The exit code is 1 if something is wrong.`;

const answerSchema = z.object({
  /** What was checked: `account 123456789012, stack Slipway`, `machine /home/you/.slipway`. */
  of: z.string(),
  checks: z.array(checkResultSchema),
  probes: z.array(checkResultSchema).optional(),
});

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .option('--probe', 'also check what Slipway believes about AWS and no document confirms (docs/beliefs.md)')
    .action(async ({ probe: isProbing = false }) => {
      const connection = await context.connection();
      const {
        of,
        checks: found,
        probes,
      } = connection.machine ? await examineMachine(connection.machine) : await examineAccount(connection, isProbing);
      const probed = probes ? `\nWhat Slipway believes about AWS\n${probes.map(line).join('')}` : '';
      context.answer(answerSchema, {
        value: { of, checks: found, probes },
        text: `${of}\n${found.map(line).join('')}${probed}`,
        exitCode: [...found, ...(probes ?? [])].some(({ state }) => state === 'wrong')
          ? exitCodes.negative
          : exitCodes.done,
      });
    });
}

type Examination = z.infer<typeof answerSchema>;

async function examineMachine(machine: NonNullable<Connection['machine']>): Promise<Examination> {
  const found: NamedCheckResult[] = [];
  for (const [name, check] of Object.entries(machineChecks)) found.push(await named(name, () => check(machine)));
  return { of: `machine ${machine.folder}`, checks: found };
}

async function examineAccount(connection: Connection, isProbing: boolean): Promise<Examination> {
  const account = await askAws(connection.stack, 'sts:GetCallerIdentity', () => openAccount(connection));
  const of = `account ${account.id}, stack ${account.stackName}`;
  const found: NamedCheckResult[] = [];
  for (const [name, check] of Object.entries(checksOf(account))) found.push(await named(name, () => check(account)));
  if (!isProbing) return { of, checks: found };
  const probes: NamedCheckResult[] = [];
  for (const [name, { probe }] of Object.entries(beliefs)) {
    if (probe) probes.push(await named(name, () => probe(account)));
  }
  return { of, checks: found, probes };
}

const marks: Record<CheckResult['state'], string> = {
  ok: 'ok      ',
  warning: 'warning ',
  wrong: 'WRONG   ',
  unknown: 'unknown ',
  'not-applicable': 'not here',
};

/** The texts have names and messages of AWS in them. */
function line({ name, state, text, fix }: NamedCheckResult): string {
  const remedy = fix === undefined ? '' : `${' '.repeat(35)}fix: ${oneLine(fix, 600)}\n`;
  return `  ${marks[state]}  ${name.padEnd(23)} ${oneLine(text, 600)}\n${remedy}`;
}
