import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import type { Case, Side } from './side.ts';

const clients = new Map<Side, ECSClient>();

function client(side: Side): ECSClient {
  const known = clients.get(side) ?? new ECSClient(side.settings);
  clients.set(side, known);
  return known;
}

const container = { name: 'web', image: 'public.ecr.aws/docker/library/busybox:1', essential: true, memory: 64 };
const register = (side: Side, over: object = {}) =>
  client(side).send(new RegisterTaskDefinitionCommand({ family: 'web', containerDefinitions: [container], ...over }));

export async function prepareEcs(side: Side): Promise<void> {
  await client(side).send(new CreateClusterCommand({ clusterName: 'shop' }));
  await register(side);
  const service = { cluster: 'shop', serviceName: 'web', taskDefinition: 'web', desiredCount: 1 };
  await client(side).send(new CreateServiceCommand(service));
}

/** Of a service what the product reads: moto has many members more. */
async function service(
  answer: Promise<{ service?: object | undefined; services?: object[] | undefined }>,
): Promise<object> {
  const { service: one, services = [] } = await answer;
  const shown = (one ? [one] : services).map((each) => {
    const { serviceArn, serviceName, clusterArn, status, desiredCount, taskDefinition, deployments } = each as {
      [key: string]: unknown;
      deployments?: { id?: string; status?: string; taskDefinition?: string; desiredCount?: number }[];
    };
    const [primary] = deployments ?? [];
    return {
      serviceArn,
      serviceName,
      clusterArn,
      status,
      desiredCount,
      taskDefinition,
      primary: {
        hasId: typeof primary?.id,
        status: primary?.status,
        taskDefinition: primary?.taskDefinition,
        desiredCount: primary?.desiredCount,
      },
    };
  });
  return { shown };
}

const definition = (
  name: string,
  call: (side: Side) => Promise<{ taskDefinition?: object | undefined; tags?: object[] | undefined }>,
  because?: string,
): Case => ({
  name,
  ...(because !== undefined && { because }),
  async call(side) {
    const { taskDefinition, tags } = await call(side);
    const { taskDefinitionArn, family, revision, status, containerDefinitions } = (taskDefinition ?? {}) as Record<
      string,
      unknown
    >;
    const images = (containerDefinitions as { name: string; image: string }[]).map(({ name: of, image }) => [
      of,
      image,
    ]);
    return { taskDefinitionArn, family, revision, status, images, tags: tags ?? [] };
  },
});
const describe = (side: Side, taskDefinition: string) =>
  client(side).send(new DescribeTaskDefinitionCommand({ taskDefinition, include: ['TAGS'] }));
const update = (side: Side, over: object) =>
  client(side).send(new UpdateServiceCommand({ cluster: 'shop', service: 'web', ...over }));
const services = (side: Side, cluster: string, ...names: string[]) =>
  client(side).send(new DescribeServicesCommand({ cluster, services: names }));

const unchecked = 'moto does not look';

export const ecsCases: Case[] = [
  definition('DescribeTaskDefinition by its family', (side) => describe(side, 'web')),
  definition('DescribeTaskDefinition by its revision', (side) => describe(side, 'web:1')),
  { name: 'DescribeTaskDefinition of one that is not there', call: (side) => describe(side, 'none') },
  { name: 'DescribeTaskDefinition of a revision that is not there', call: (side) => describe(side, 'web:9') },
  definition(
    'RegisterTaskDefinition',
    (side) => register(side, { tags: [{ key: 'team', value: 'shop' }] }),
    'moto keeps the tags to itself',
  ),
  {
    name: 'RegisterTaskDefinition without containers',
    because: unchecked,
    call: (side) => register(side, { containerDefinitions: [] }),
  },
  {
    name: 'RegisterTaskDefinition with no tags',
    because: unchecked,
    call: (side) => register(side, { family: 'other', tags: [] }),
  },
  { name: 'DescribeServices', call: (side) => service(services(side, 'shop', 'web')) },
  {
    name: 'DescribeServices by its ARN',
    call: (side) => service(services(side, 'shop', 'arn:aws:ecs:us-east-1:123456789012:service/shop/web')),
  },
  {
    name: 'DescribeServices of one that is not there',
    because: 'moto leaves the cluster out of the ARN of a failure only',
    async call(side) {
      const { failures } = await services(side, 'shop', 'none');
      return { failures };
    },
  },
  { name: 'DescribeServices of a cluster that is not there', call: (side) => services(side, 'none', 'web') },
  {
    name: 'UpdateService',
    because: 'moto begins no deployment',
    call: (side) => service(update(side, { taskDefinition: 'web:2' })),
  },
  {
    name: 'UpdateService by an ARN',
    call: (side) =>
      service(update(side, { taskDefinition: 'arn:aws:ecs:us-east-1:123456789012:task-definition/web:1' })),
  },
  {
    name: 'UpdateService of one that is not there',
    call: (side) => update(side, { service: 'none', taskDefinition: 'web' }),
  },
  { name: 'UpdateService in a cluster that is not there', call: (side) => update(side, { cluster: 'none' }) },
  { name: 'UpdateService to a definition that is not there', call: (side) => update(side, { taskDefinition: 'none' }) },
];
