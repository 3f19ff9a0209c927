import { describe, expect, it } from 'vitest';
import type { DeployTarget } from '../../../core/model/deploy-target.ts';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { hasTarget, promotedTarget, sourceTarget, targetBefore } from '../../../core/targets/promoted-target.ts';

const target = (name: string, on: DeployTarget['on'] = 'version', kind: DeployTarget['kind'] = 'kubernetes') =>
  ({ name, on, kind }) as DeployTarget;
const projectOf = (deploy?: DeployTarget[], destinations?: string[]) =>
  ({ name: 'demo/app:latest', appId: 'demo', jobId: 'app', deploy, destinations }) as const;

describe('a promotion is for', () => {
  it.each([
    ['the target that it names', projectOf([target('staging'), target('production')]), 'production', 'production'],
    ['a registry that it names', projectOf([], ['ghcr.io/acme/']), 'ghcr.io/acme/demo/app', 'ghcr.io/acme/demo/app'],
    [
      'the only service, where it names none',
      projectOf([target('git'), target('eu', 'version', 'ecs')]),
      undefined,
      'eu',
    ],
  ])('%s', (_, project, to, expected) => expect(promotedTarget(project, to)).toBe(expected));

  it.each([
    [
      'a name that the entry has not',
      projectOf([target('staging')]),
      'live',
      'has no target live. The targets of its entry are: staging.',
    ],
    ['an entry without targets', projectOf(), 'live', 'The targets of its entry are: none.'],
    [
      'no name, and no service',
      projectOf([target('staging')]),
      undefined,
      'has no service: name the target with "to".',
    ],
    [
      'no name, and several services',
      projectOf([target('eu', 'version', 'ecs'), target('us', 'version', 'ssm')]),
      undefined,
      'has several services: name the target with "to". The targets of its entry are: eu, us.',
    ],
  ])('nothing with %s, and says what there is', (_, project, to, message) => {
    const promote = () => promotedTarget(project, to);
    expect(promote).toThrow(InvalidInputError);
    expect(promote).toThrow(message);
  });
});

it('knows what each target of an entry gets its releases from', () => {
  const project = projectOf(
    [target('staging'), target('preview'), target('production', 'promotion')],
    ['ghcr.io/acme/'],
  );
  const known = (name: string) => [targetBefore(project, name), sourceTarget(project, name), hasTarget(project, name)];
  expect(known('staging')).toEqual([undefined, undefined, true]);
  expect(known('preview')).toEqual(['staging', undefined, true]);
  expect(known('production')).toEqual(['preview', 'preview', true]);
  expect(known('ghcr.io/acme/demo/app:1.2.0')).toEqual([undefined, undefined, true]);
  expect(known('gone')).toEqual([undefined, undefined, false]);
});
