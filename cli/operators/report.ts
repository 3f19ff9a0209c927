import { type OperatorsReport, operatorsPaths, operatorsReportSchema } from '../../core/api/operators.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { callSigned } from '../deployment/signed-call.ts';
import { ago } from '../shown-time.ts';
import { tableOf } from '../table.ts';
import { paint, type Terminal } from '../terminal.ts';

/** What only operators may know, by a signed call. */
export async function readOperatorsReport(deployment: Deployment): Promise<OperatorsReport> {
  const response = await callSigned(deployment, 'GET', operatorsPaths.json);
  return operatorsReportSchema.parse(await response.json());
}

/** The report for people; a program reads its JSON. */
export function operatorsText(terminal: Terminal, report: OperatorsReport, now: Date): string {
  const { builds, queues, deliveries, failingSources, unreachableAddresses } = report;
  const most = builds.quota === null ? 'an unknown number' : String(builds.quota);
  const title = (text: string) => paint(terminal, 'bold', `${text}\n`);
  return [
    `Builds: ${builds.running} running, ${builds.waiting} waiting; the account may run ${most} at once.\n\n`,
    title('Queues'),
    tableOf(
      terminal,
      [
        { title: 'QUEUE', text: ({ name }) => name, isWhole: true },
        { title: 'WAITING', text: ({ waiting }) => String(waiting) },
        { title: 'IN PROGRESS', text: ({ inProgress }) => String(inProgress) },
        { title: 'PUT OFF', text: ({ delayed }) => String(delayed) },
        {
          title: 'FAILED',
          text: ({ failed }) => String(failed),
          style: ({ failed }) => (failed > 0 ? 'red' : undefined),
        },
      ],
      queues,
    ),
    `\n${title('Sources that cannot be read')}`,
    failingSources.length === 0
      ? 'None.\n'
      : tableOf(
          terminal,
          [
            { title: 'REPOSITORY', text: ({ source }) => source },
            { title: 'FAILED', text: ({ failures }) => `${failures}x` },
            { title: 'AGAIN AT', text: ({ retryAt }) => retryAt?.slice(11, 16) ?? 'soon' },
            { title: 'WHY', text: ({ error }) => error ?? '' },
          ],
          failingSources,
        ),
    `\n${title('Addresses that mails do not reach')}`,
    unreachableAddresses.length === 0
      ? 'None.\n'
      : tableOf(
          terminal,
          [
            { title: 'ADDRESS', text: ({ address }) => address },
            { title: 'HOW', text: ({ kind }) => (kind === 'bounced' ? 'bounced' : 'marked as spam') },
            { title: 'WHEN', text: ({ at }) => ago(at, now) },
            { title: 'WHY', text: ({ reason }) => oneLine(reason ?? '', 200) },
          ],
          unreachableAddresses,
        ),
    `\n${title('What came in')}`,
    deliveries.length === 0
      ? 'Nothing during the last 30 days.\n'
      : tableOf(
          terminal,
          [
            { title: 'WHEN', text: ({ handledAt }) => ago(handledAt, now), isWhole: true },
            { title: 'KIND', text: ({ type }) => type ?? '', isOptional: true },
            { title: 'ABOUT', text: ({ subject, delivery }) => subject ?? delivery },
            { title: 'OUTCOME', text: ({ outcome }) => outcome },
            { title: 'ID', text: ({ delivery }) => delivery, isOptional: true },
          ],
          deliveries,
        ),
  ].join('');
}
