import { z } from 'zod';
import { shortDigest } from '../core/builds/describe-build.ts';
import { describeReason, type RetentionReport, retentionReportSchema } from '../core/retention/retention-plan.ts';
import { oneLine } from '../core/text/one-line.ts';
import { type ExitCode, parseCommand, type Terminal, UsageError } from './command.ts';
import { DeploymentError, findDeployment } from './deployment.ts';

const help = `slipway retention [APP/JOB] [--days N] [--newest N] [--json] [--stack NAME]

Says which released images would expire, and why the others stay. It deletes nothing.

  --days N      as if images expired that were neither released nor pulled for N days (default: as configured)
  --newest N    as if the newest N releases of each project stayed (default: as configured)
  --json        the decisions as JSON
  --stack NAME  the stack of Slipway (default: Slipway)

The connection to AWS is set as for the AWS CLI: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL. It needs lambda:InvokeFunction.
`;

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals } = parseCommand(args, {
    days: { type: 'string' },
    newest: { type: 'string' },
    json: { type: 'boolean', default: false },
    stack: { type: 'string', default: 'Slipway' },
  });
  if (values.help) {
    terminal.out(help);
    return 0;
  }
  const [repository, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError('Name one repository, such as demo/app, or none for all.');
  const request = {
    repository,
    days: readCount('--days', values.days, 1),
    newest: readCount('--newest', values.newest, 0),
    isDryRun: true,
  };
  try {
    const deployment = await findDeployment(values.stack);
    const reports = await deployment.invoke('ExpireImages', request, z.array(retentionReportSchema));
    if (repository !== undefined && reports.length === 0) {
      throw new DeploymentError(
        `There is no release repository ${oneLine(repository, 80)}. ${deployment.siteUrl}/projects lists the projects; name one without its tag.`,
      );
    }
    terminal.out(values.json ? `${JSON.stringify(reports, undefined, 2)}\n` : describe(reports));
    return 0;
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    terminal.err(`slipway retention: ${error.message}\n`);
    return 2;
  }
}

/** @throws UsageError */
function readCount(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^\d{1,5}$/.test(text) && count >= least) return count;
  throw new UsageError(`${option} takes a whole number, ${least} or more, not "${oneLine(text, 40)}".`);
}

function describe(reports: RetentionReport[]): string {
  const lines = reports
    .toSorted((one, other) => one.repository.localeCompare(other.repository))
    .flatMap(({ repository, decisions }) => [
      repository,
      ...decisions.map(({ digest, releasedAt, reasons }) => {
        const state = reasons.length > 0 ? `stays: ${oneLine(reasons.map(describeReason).join('; '), 300)}` : 'expires';
        return `  ${shortDigest(digest)}  ${releasedAt.slice(0, 10)}  ${state}`;
      }),
    ]);
  const expiring = reports.flatMap(({ decisions }) => decisions.filter(({ reasons }) => reasons.length === 0));
  const bytes = expiring.reduce((sum, each) => sum + each.bytes, 0);
  const [first] = reports;
  const rule =
    first?.days === undefined
      ? 'Released images are kept for ever: give --days N to see what a rule would do.'
      : `${expiring.length} of ${reports.flatMap(({ decisions }) => decisions).length} images expire by a rule of ${first.days} days, ${(bytes / 1e6).toFixed(1)} MB without what they share with others.`;
  return `${[...lines, '', rule].join('\n')}\n`;
}
