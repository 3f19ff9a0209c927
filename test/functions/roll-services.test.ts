import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import { AddTagsToResourceCommand, DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceTarget } from '../../core/model/deploy-target.ts';
import type { AllowedService } from '../../core/rollouts/allowed-service.ts';
import type { TargetState } from '../../core/targets/target-state.ts';
import { createRollDue } from '../../functions/roll-services.ts';
import { createRollService } from '../../functions/rollouts/roll-service.ts';
import { createDelivery } from '../../functions/targets/deliver-release.ts';
import { createTrackTargets } from '../../functions/targets/track-targets.ts';
import { createEcs } from '../../local/aws/ecs/ecs.ts';
import { createIam } from '../../local/aws/iam/iam.ts';
import type { Service } from '../../local/aws/service.ts';
import { createSsm } from '../../local/aws/ssm/ssm.ts';
import { createEcsServices } from '../../services/aws/ecs-services.ts';
import { createServerCommands } from '../../services/aws/server-commands.ts';
import { createTargets } from '../../services/tables/targets.ts';
import { sampleProject } from '../core/sample-project.ts';
import { eventually } from '../eventually.ts';
import { type EndpointHost, hostEndpoint } from '../local/aws/endpoint-host.ts';
import { createTables } from '../services/tables.ts';
import { silentLogger } from './services-setup.ts';
import { releaseOf } from './targets/delivery-setup.ts';

const name = 'demo/app:latest';
const ecsTarget: ServiceTarget = { name: 'live', on: 'branch', kind: 'ecs', cluster: 'live', service: 'web' };
const ssmTarget: ServiceTarget = { name: 'servers', on: 'branch', kind: 'ssm', servers: 'Role=web', container: 'web' };
const allowed: AllowedService[] = [
  { kind: 'ecs', cluster: 'live', service: 'web', projects: [name] },
  { kind: 'ssm', servers: 'Role=web', container: 'web', projects: [name] },
];

let host: EndpointHost;
/** Images that cannot be pulled. */
let missing: Set<string>;
beforeEach(async () => {
  missing = new Set();
  host = await hostEndpoint((account) => [
    createIam(account),
    createEcs(account, { has: (image) => !missing.has(image) }),
    createSsm(account),
  ]);
});
afterEach(() => host[Symbol.asyncDispose]());

/** A project with a target, what its people are told, and the events of AWS on their way to the function. */
async function setUp(target: ServiceTarget, permitted = allowed) {
  const settings = host.as(host.account.iam.ownerKeys());
  const [ecs, ssm] = [new ECSClient(settings), new SSMClient(settings)];
  const document = await host.declare(host.services[2] as Service, 'AWS::SSM::Document', 'Replace', documentOf());
  const targets = createTargets(createTables(), 'targets');
  const notified: TargetState[] = [];
  const notify = async (state: TargetState) => void notified.push(state);
  const track = createTrackTargets({ targets, notify, logger: silentLogger });
  const project = { ...sampleProject(name, { deploy: [target] }), sequence: 1 };
  const rollService = createRollService({
    ecs: createEcsServices(ecs),
    servers: createServerCommands(ssm, document.ref),
    allowed: permitted,
  });
  const rollDue = createRollDue({ projects: { get: async () => project }, targets, track, rollService });
  const events: Promise<number>[] = [];
  host.account.connect({
    emit: (event) => void events.push(Promise.resolve().then(() => rollDue({ detail: event.detail }))),
  });
  for (const service of host.services) await service.start?.();
  const workers = { start: async () => void (await rollDue({ project: name })) };
  const delivery = createDelivery({ targets, track, writeManifests: async () => new Map(), workers });
  const image = (number: number) => `${host.url.replace('http://', '')}/demo/app@${releaseOf(number).digest}`;
  return {
    ecs,
    ssm,
    targets,
    notified,
    rollDue,
    image,
    deliver: (number: number) => {
      const release = releaseOf(number, { repository: `${host.url.replace('http://', '')}/demo/app` });
      return delivery.deliver(project, release, { call: { type: 'release' } });
    },
    /** Once the service has ended what it does. */
    async ended(): Promise<TargetState | undefined> {
      return eventually(async () => {
        await Promise.all(events);
        const state = await targets.get(name, target.name);
        if (state?.state === 'rolling') throw new Error('The service has not ended.');
        return state;
      });
    },
  };
}

function documentOf() {
  return {
    DocumentType: 'Command',
    Content: {
      schemaVersion: '2.2',
      parameters: Object.fromEntries(['Image', 'Container', 'CalledAt'].map((name) => [name, { type: 'String' }])),
      mainSteps: [
        {
          name: 'Replace',
          action: 'aws:runShellScript',
          inputs: {
            runCommand: ['. "$SLIPWAY_CONTAINERS/{{ Container }}"', 'echo "{{ Image }}" >> "$SLIPWAY_CONTAINERS/ran"'],
          },
        },
      ],
    },
  };
}

describe('a service of ECS', () => {
  async function runService(ecs: ECSClient) {
    await ecs.send(new CreateClusterCommand({ clusterName: 'live' }));
    const containerDefinitions = [{ name: 'web', image: 'nginx:1', environment: [{ name: 'A', value: 'b' }] }];
    await ecs.send(new RegisterTaskDefinitionCommand({ family: 'web', cpu: '256', containerDefinitions }));
    const deploymentConfiguration = {
      deploymentCircuitBreaker: { enable: true, rollback: true },
      maximumPercent: 200,
      minimumHealthyPercent: 100,
    };
    await ecs.send(
      new CreateServiceCommand({ cluster: 'live', serviceName: 'web', taskDefinition: 'web', deploymentConfiguration }),
    );
  }

  it('runs a release by digest, in a new revision of its task, and its people are told once it does', async () => {
    const live = await setUp(ecsTarget);
    await runService(live.ecs);
    await live.deliver(1);
    expect(await live.ended()).toMatchObject({ state: 'delivered', delivered: [{ build: 'build1' }] });
    const { definition } = await createEcsServices(live.ecs).definition('web');
    expect(definition).toMatchObject({ revision: 2, cpu: '256' });
    expect(definition.containerDefinitions).toMatchObject([
      { name: 'web', image: live.image(1), environment: [{ name: 'A', value: 'b' }] },
    ]);
    expect(live.notified.map(({ state, wanted }) => [state, wanted.build])).toContainEqual(['delivered', 'build1']);
    // The same release once more changes nothing.
    await live.deliver(1);
    expect((await createEcsServices(live.ecs).definition('web')).definition.revision).toBe(2);
  });

  it('that cannot start the image goes back by its circuit breaker, which people are told, and is not tried again', async () => {
    const live = await setUp(ecsTarget);
    await runService(live.ecs);
    await live.deliver(1);
    await live.ended();
    missing.add(live.image(2));
    await live.deliver(2);
    const state = await live.ended();
    expect(state).toMatchObject({ state: 'failed', delivered: [{ build: 'build1' }] });
    expect(state?.error).toMatch(/circuit breaker/);
    expect(state?.dueAt).toBeUndefined();
    expect(live.notified.at(-1)).toMatchObject({ state: 'failed', wanted: { build: 'build2' } });
  });

  it.each([
    ['does not exist', { ...ecsTarget, service: 'web' }, /There is no ECS cluster live/],
    ['the operators do not allow', { ...ecsTarget, service: 'payments' }, /The operators do not let demo\/app:latest/],
  ])('that %s is refused, with what to do', async (_, target, expected) => {
    const live = await setUp(target as ServiceTarget);
    const [state] = await live.deliver(1);
    expect(state).toMatchObject({ state: 'failed', error: expect.stringMatching(expected) });
  });
});

describe('a container on servers', () => {
  async function tagMachine(ssm: SSMClient) {
    const { InstanceInformationList = [] } = await ssm.send(new DescribeInstanceInformationCommand({}));
    const ResourceId = InstanceInformationList[0]?.InstanceId;
    const Tags = [{ Key: 'Role', Value: 'web' }];
    await ssm.send(new AddTagsToResourceCommand({ ResourceType: 'ManagedInstance', ResourceId, Tags }));
  }

  it('is replaced by a command that names the image by digest', async () => {
    const live = await setUp(ssmTarget);
    await tagMachine(live.ssm);
    await mkdir(join(host.dataFolder, 'containers'));
    await writeFile(join(host.dataFolder, 'containers', 'web'), 'true\n');
    await live.deliver(1);
    expect(await live.ended()).toMatchObject({ state: 'delivered', delivered: [{ build: 'build1' }] });
  });

  it('that does not start is told with what the server said', async () => {
    const live = await setUp(ssmTarget);
    await tagMachine(live.ssm);
    await mkdir(join(host.dataFolder, 'containers'));
    await writeFile(join(host.dataFolder, 'containers', 'web'), 'echo The container ended. >&2; exit 1\n');
    await live.deliver(1);
    expect(await live.ended()).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/^mi-[0-9a-f]{17} failed \(Failed\): The container ended$/),
    });
  });

  it('is nowhere if no server has the tag', async () => {
    const live = await setUp(ssmTarget);
    await live.deliver(1);
    expect(await live.ended()).toMatchObject({ state: 'failed', error: expect.stringMatching(/^No server/) });
  });
});

it('a lost event is made good: what is due is asked for', async () => {
  const live = await setUp(ssmTarget);
  const rollout = { id: 'c0ffee00-0000-4000-8000-000000000000', startedAt: '2026-11-01T00:00:00.000Z' };
  const wanted = { ...releaseOf(1), call: { type: 'release' as const } };
  await live.targets.save({
    project: name,
    target: 'servers',
    kind: 'service',
    wanted,
    state: 'rolling',
    since: rollout.startedAt,
    attempts: 0,
    rollout,
    dueAt: '2026-11-01T00:05:00.000Z',
    delivered: [],
    revision: 1,
  });
  expect(await live.rollDue({ project: name })).toBe(1);
  expect(await live.ended()).toMatchObject({ state: 'failed', error: expect.stringMatching(/has not ended/) });
});
