import { RolloutError } from '../model/errors.ts';

/** A task definition as far as it matters here; its other keys are handed on as they are. */
export interface TaskDefinition {
  family?: string | undefined;
  containerDefinitions?: ContainerDefinition[] | undefined;
}

interface ContainerDefinition {
  name?: string | undefined;
  image?: string | undefined;
}

/** What ECS itself writes into a task definition. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html */
const written = new Set([
  'taskDefinitionArn',
  'revision',
  'status',
  'requiresAttributes',
  'compatibilities',
  'registeredAt',
  'deregisteredAt',
  'registeredBy',
]);

/**
 * The container that gets the image.
 * @throws RolloutError
 */
export function containerOf<Container extends ContainerDefinition>(
  {
    family = '',
    containerDefinitions = [],
  }: { family?: string | undefined; containerDefinitions?: Container[] | undefined },
  name: string | undefined,
): Container {
  const names = containerDefinitions.map((each) => each.name ?? '').join(', ') || 'none';
  const found = containerDefinitions.filter((each) => name === undefined || each.name === name);
  const [container] = found;
  if (container && found.length === 1) return container;
  throw new RolloutError(
    name === undefined
      ? `The task ${family} has the containers ${names}. Say in the entry with "container" which one gets the image.`
      : `The task ${family} has no container ${name}. It has: ${names}.`,
  );
}

/**
 * The next revision of a task definition, as it is registered: the same in everything but the image of one container.
 * @throws RolloutError
 */
export function withImage<Definition extends TaskDefinition>(
  definition: Definition,
  name: string | undefined,
  image: string,
): Definition {
  const container = containerOf(definition, name);
  const containerDefinitions = definition.containerDefinitions?.map((each) =>
    each === container ? { ...each, image } : each,
  );
  return { ...asRegistered(definition), containerDefinitions };
}

/** A task definition as somebody registered it. */
export function asRegistered<Definition extends TaskDefinition>(definition: Definition): Definition {
  return Object.fromEntries(Object.entries(definition).filter(([key]) => !written.has(key))) as Definition;
}
