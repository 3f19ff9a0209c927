import { expect, test } from 'vitest';
import { type Command, commandOutcome, type Deployment, deploymentOutcome } from '../../../core/rollouts/progress.ts';

const startedAt = '2026-11-01T10:00:00.000Z';
const [soon, late] = [new Date('2026-11-01T10:05:00Z'), new Date('2026-11-01T10:31:00Z')];
const rollout = { id: 'ecs-svc/2', startedAt };
const own: Deployment = { id: 'ecs-svc/2', status: 'PRIMARY', rolloutState: 'IN_PROGRESS', failedTasks: 4 };

test.each<[string, Deployment[], Date, string, RegExp?]>([
  ['is under way', [own], soon, 'rolling'],
  ['is steady', [{ ...own, rolloutState: 'COMPLETED' }], soon, 'delivered'],
  ['goes on for ever', [own], late, 'failed', /not steady 30 minutes .* \(4 tasks failed\).*circuit breaker/],
  [
    'was ended by the circuit breaker',
    [
      { id: 'ecs-svc/3', status: 'PRIMARY' },
      { ...own, status: 'ACTIVE', rolloutState: 'FAILED', rolloutStateReason: 'tasks failed to start.' },
    ],
    soon,
    'failed',
    /ecs-svc\/2 failed: tasks failed to start$/,
  ],
  [
    'was overtaken',
    [
      { id: 'ecs-svc/3', status: 'PRIMARY' },
      { ...own, status: 'ACTIVE' },
    ],
    soon,
    'failed',
    /Another/,
  ],
  ['is gone', [{ id: 'ecs-svc/3', status: 'PRIMARY', rolloutState: 'COMPLETED' }], soon, 'failed', /Another/],
])('a deployment that %s', (_, deployments, now, kind, reason = /^$/) => {
  const outcome = deploymentOutcome(rollout, deployments, now);
  expect(outcome.kind).toBe(kind);
  expect(outcome.kind === 'failed' ? outcome.error : '').toMatch(reason);
});

const command = (status: string, over: Partial<Command> = {}): Command => ({
  status,
  details: status,
  servers: 2,
  ...over,
});

test.each<[string, Command | undefined, Date, string, RegExp?]>([
  ['is not shown yet', undefined, soon, 'rolling'],
  ['runs', command('InProgress'), soon, 'rolling'],
  ['runs for ever', command('InProgress'), late, 'failed', /has not ended after 30 minutes/],
  ['succeeded', command('Success'), soon, 'delivered'],
  ['found no server', command('Success', { servers: 0 }), soon, 'failed', /^No server .* has the tag$/],
  [
    'failed on a server',
    command('Failed', {
      failure: { server: 'i-1', output: 'one\ntwo\nThe container ended.\nThe container before runs again.\n' },
    }),
    soon,
    'failed',
    /^i-1 failed \(Failed\): two The container ended\. The container before runs again$/,
  ],
  ['was cancelled', command('Cancelled'), soon, 'failed', /ended as Cancelled/],
])('a command that %s', (_, known, now, kind, reason = /^$/) => {
  const outcome = commandOutcome({ id: 'c1', startedAt }, known, now);
  expect(outcome.kind).toBe(kind);
  expect(outcome.kind === 'failed' ? outcome.error : '').toMatch(reason);
});
