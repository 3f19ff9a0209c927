import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDependents } from '../../../services/tables/dependents.ts';
import { Crash, createCrashPoints } from '../../functions/crash-points.ts';
import { setUpServices, type TestServices } from '../../functions/services-setup.ts';

let world: TestServices;
beforeAll(async () => {
  world = await setUpServices();
});
afterAll(() => world[Symbol.asyncDispose]());

const debian = 'docker.io/library/debian:12';
const base = 'demo/base:latest';
const projectsOn = async (image: string) => (await world.dependents.of(image)).map(({ project }) => project).sort();

it('who depends on an image is known by what the entry says and by what was seen', async () => {
  await world.dependents.declare('a/a:1', [base]);
  await world.dependents.observe('b/b:1', [{ image: base, digest: 'sha256:1' }]);
  expect(await world.dependents.of(base)).toMatchObject([
    { project: 'a/a:1', declared: true },
    { project: 'b/b:1', observed: 'sha256:1' },
  ]);
});

it('what is no longer true goes, and what still is stays', async () => {
  await world.dependents.declare('c/c:1', [base]);
  await world.dependents.observe('c/c:1', [
    { image: base, digest: 'sha256:1' },
    { image: debian, digest: 'sha256:2' },
  ]);
  await world.dependents.observe('c/c:1', [{ image: debian, digest: 'sha256:3' }]);
  expect((await world.dependents.of(base)).find(({ project }) => project === 'c/c:1')).toEqual({
    image: base,
    project: 'c/c:1',
    declared: true,
  });
  expect(await world.dependents.of(debian)).toMatchObject([{ project: 'c/c:1', observed: 'sha256:3' }]);
  await world.dependents.declare('c/c:1', []);
  expect(await projectsOn(base)).not.toContain('c/c:1');
});

it('an edge is not forgotten by a writer that crashed during its change', async () => {
  for (let call = 1; call < 12; call++) {
    const project = `d/d:${call}`;
    const crashes = createCrashPoints();
    const dependents = createDependents(crashes.guard(world.client), 'dependents');
    await dependents.declare(project, ['x/old:1']);
    crashes.crashAt(call, 'after');
    const isDead = await dependents.declare(project, ['x/new:1']).then(
      () => false,
      (error: unknown) => error instanceof Crash,
    );
    crashes.restart();
    if (!isDead) return;
    await dependents.declare(project, ['x/newest:1']);
    expect(await projectsOn('x/old:1')).not.toContain(project);
    expect(await projectsOn('x/new:1')).not.toContain(project);
    expect(await projectsOn('x/newest:1')).toContain(project);
  }
  throw new Error('It never got through.');
});

it('what new projects declare is written together, each with its list', async () => {
  await world.dependents.declareFirst(
    new Map([
      ['f/one:1', [base, 'x/first:1', base]],
      ['f/two:1', ['x/first:1']],
      ['f/none:1', []],
    ]),
  );
  expect(await projectsOn('x/first:1')).toEqual(['f/one:1', 'f/two:1']);
  const before = await world.dependents.declaredFor(['f/one:1', 'f/two:1', 'f/none:1']);
  expect(Object.fromEntries(before)).toEqual({ 'f/one:1': [base, 'x/first:1'], 'f/two:1': ['x/first:1'] });
  await world.dependents.declare('f/one:1', [base]);
  expect(await projectsOn('x/first:1')).toEqual(['f/two:1']);
});

it('what new projects declare is not forgotten by a writer that crashed', async () => {
  for (let call = 1; call < 4; call++) {
    const project = `g/g:${call}`;
    const crashes = createCrashPoints();
    const dependents = createDependents(crashes.guard(world.client), 'dependents');
    crashes.crashAt(call, 'after');
    await dependents.declareFirst(new Map([[project, ['x/crashed:1']]])).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
    crashes.restart();
    await dependents.declare(project, []);
    expect(await projectsOn('x/crashed:1')).not.toContain(project);
  }
});

it('many images are requested at once, and all of them', async () => {
  await world.dependents.declare('e/e:1', ['one/one:1', 'two/two:1']);
  const known = await world.dependents.ofMany(['one/one:1', 'none/none:1', 'two/two:1']);
  expect([...known]).toEqual([
    ['one/one:1', ['e/e:1']],
    ['two/two:1', ['e/e:1']],
  ]);
  const all = await world.dependents.all();
  expect(all.get('two/two:1')).toEqual(['e/e:1']);
  expect([...all.keys()].some((image) => image.startsWith('of '))).toBe(false);
});
