import { expect, it } from 'vitest';
import { RolloutError } from '../../../core/model/errors.ts';
import { asRegistered, containerOf, withImage } from '../../../core/rollouts/task-definition.ts';

const definition = {
  taskDefinitionArn: 'arn:aws:ecs:us-east-1:123456789012:task-definition/shop:7',
  family: 'shop',
  revision: 7,
  status: 'ACTIVE',
  cpu: '256',
  taskRoleArn: 'arn:aws:iam::123456789012:role/shop',
  volumes: [{ name: 'data' }],
  containerDefinitions: [
    { name: 'web', image: 'shop:1', portMappings: [{ containerPort: 80 }] },
    { name: 'logs', image: 'logs:3' },
  ],
};
const image = 'registry.example.org/demo/shop@sha256:1';

it('is the same in everything but the image of one container, and without what ECS wrote into it', () => {
  expect(withImage(definition, 'web', image)).toEqual({
    family: 'shop',
    cpu: '256',
    taskRoleArn: 'arn:aws:iam::123456789012:role/shop',
    volumes: [{ name: 'data' }],
    containerDefinitions: [
      { name: 'web', image, portMappings: [{ containerPort: 80 }] },
      { name: 'logs', image: 'logs:3' },
    ],
  });
  expect(asRegistered({ ...definition, revision: 9 })).toEqual(withImage(definition, 'web', 'shop:1'));
});

it('needs no name for its only container', () => {
  const [web] = definition.containerDefinitions;
  expect(containerOf({ family: 'shop', containerDefinitions: web ? [web] : [] }, undefined)).toBe(web);
});

it.each([
  [undefined, /containers web, logs\. Say in the entry with "container"/],
  ['cache', /has no container cache\. It has: web, logs/],
])('is refused if the container is %s, with those that there are', (name, expected) => {
  expect(() => withImage(definition, name, image)).toThrow(RolloutError);
  expect(() => withImage(definition, name, image)).toThrow(expected);
});
