import { expect, test } from 'vitest';
import type { ServiceTarget } from '../../../core/model/deploy-target.ts';
import { type AllowedService, isAllowed } from '../../../core/rollouts/allowed-service.ts';

const allowed: AllowedService[] = [
  { kind: 'ecs', cluster: 'live', service: 'shop', projects: ['demo/shop:latest', 'tools/*'] },
  { kind: 'ssm', servers: 'Role=web', container: 'shop', projects: ['demo/shop:*'] },
];
const ecs: ServiceTarget = { name: 'production', on: 'branch', kind: 'ecs', cluster: 'live', service: 'shop' };
const ssm: ServiceTarget = { name: 'servers', on: 'branch', kind: 'ssm', servers: 'Role=web', container: 'shop' };

test.each<[string, ServiceTarget, boolean]>([
  ['demo/shop:latest', ecs, true],
  ['demo/shop:8', ecs, false],
  ['demo/shop-copy:latest', ecs, false],
  ['tools/any:1', ecs, true],
  ['demo/shop:latest', { ...ecs, service: 'other' }, false],
  ['demo/shop:latest', { ...ecs, cluster: 'test' }, false],
  ['demo/shop:8', ssm, true],
  ['demo/shop2:8', ssm, false],
  ['demo/shop:8', { ...ssm, servers: 'Role=database' }, false],
  ['demo/shop:8', { ...ssm, container: 'other' }, false],
])('the operators let %s deploy %j: %s', (project, target, expected) => {
  expect(isAllowed(allowed, project, target)).toBe(expected);
});
