import { oneLine } from '../core/text/one-line.ts';
import { type ExitCode, parseCommand, type Terminal } from './command.ts';
import { explain } from './deployment.ts';
import { type Account, openAccount } from './doctor/account.ts';
import { beliefs } from './doctor/beliefs.ts';
import { checks } from './doctor/checks.ts';
import { type Finding, type NamedFinding, named } from './doctor/finding.ts';

const help = `slipway doctor [--probe] [--stack NAME] [--json]

Checks an AWS account: what Slipway needs of it, and what to do about what is not there. It changes nothing.

  --probe        also checks what Slipway believes about AWS and no document confirms (docs/beliefs.md)
  --stack NAME   the stack of Slipway (default: Slipway)
  --json         prints JSON

The exit code is 1 if something is wrong. The connection to AWS is set as for the AWS CLI: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL.
`;

const marks: Record<Finding['state'], string> = {
  ok: 'ok      ',
  warning: 'warning ',
  wrong: 'WRONG   ',
  unknown: 'unknown ',
  'not-applicable': 'not here',
};

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const request = read(args);
  if (request.help) {
    terminal.out(help);
    return 0;
  }
  let account: Account;
  try {
    account = await openAccount(request.stack);
  } catch (error) {
    terminal.err(`slipway doctor: ${explain(request.stack, error)}\n`);
    return 2;
  }
  const found: { checks: NamedFinding[]; probes?: NamedFinding[] } = { checks: [] };
  for (const [name, check] of Object.entries(checks)) found.checks.push(await named(name, () => check(account)));
  if (request.probe) {
    found.probes = [];
    for (const [name, { probe }] of Object.entries(beliefs)) {
      if (probe) found.probes.push(await named(name, () => probe(account)));
    }
  }
  if (request.json) {
    terminal.out(`${JSON.stringify({ account: account.id, stack: account.stackName, ...found }, undefined, 2)}\n`);
  } else {
    terminal.out(`Account ${account.id}, stack ${account.stackName}\n${found.checks.map(line).join('')}`);
    if (found.probes) terminal.out(`\nWhat Slipway believes about AWS\n${found.probes.map(line).join('')}`);
  }
  return [...found.checks, ...(found.probes ?? [])].some(({ state }) => state === 'wrong') ? 1 : 0;
}

/** The texts have names and messages of AWS in them. */
function line({ name, state, text, fix }: NamedFinding): string {
  const remedy = fix === undefined ? '' : `${' '.repeat(35)}fix: ${oneLine(fix, 600)}\n`;
  return `  ${marks[state]}  ${name.padEnd(23)} ${oneLine(text, 600)}\n${remedy}`;
}

function read(args: string[]) {
  return parseCommand(
    args,
    {
      probe: { type: 'boolean', default: false },
      stack: { type: 'string', default: 'Slipway' },
      json: { type: 'boolean', default: false },
    },
    { allowPositionals: false },
  ).values;
}
