import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, inject, test } from 'vitest';
import { once } from '../../core/once.ts';
import { variableNames } from '../../services/environment.ts';
import {
  bundleOf,
  definition,
  functionOf,
  functions,
  handlerFiles,
  kebabCase,
  resource,
  resources,
} from './template.ts';

const read = (code: string) => variableNames.filter((name) => new RegExp(`["'\`]${name}["'\`]`).test(code)).toSorted();

/** What a process of Node's gets as the handler of each, or why it gets none. */
const handlers = once(async () => {
  const files = functions().map(({ stem, folder }) => [stem, pathToFileURL(join(folder, 'index.cjs')).href]);
  const program = `const loaded = ${JSON.stringify(files)}.map(async ([stem, file]) => {
    const kind = await import(file).then(({ handler }) => typeof handler, String);
    return [stem, kind];
  });
  process.stdout.write(JSON.stringify(Object.fromEntries(await Promise.all(loaded))));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  return JSON.parse(stdout) as Record<string, string>;
});

/** Only a configuration with a login has it (variants.test.ts). */
const ofLogin = 'login';

test('every file with a handler is a function, and every function has a file', () => {
  expect(
    functions()
      .map(({ stem }) => stem)
      .toSorted(),
  ).toEqual(handlerFiles().filter((file) => file !== ofLogin));
});

test('every function is run by something: a state, a route, a rule, the queue, another function or the builder', () => {
  const states = Object.entries(definition().States).filter(([, { Resource }]) => Resource?.includes(':lambda:invoke'));
  const running = new Set([
    ...states.map(([name]) => functionOf(kebabCase(name)).resource.id),
    ...resources('AWS::Lambda::Permission').map(({ Properties }) => Properties.FunctionName['Fn::GetAtt'][0]),
    ...resources('AWS::CodeBuild::Project')
      .flatMap(({ Properties }) => Properties.Environment.EnvironmentVariables)
      .flatMap(({ Name, Value }) => (Name === 'CREDENTIALS_FUNCTION' ? [Value['Fn::GetAtt'][0]] : [])),
    // Others call them, and do not wait for them.
    ...resources('AWS::Lambda::Function')
      .flatMap(({ Properties }) => Object.entries(Properties.Environment?.Variables ?? {}))
      .flatMap(([name, value]) =>
        /^(?:COPY_RELEASES|ROLL_SERVICES)_FUNCTION$/.test(name) ? [(value as { Ref: string }).Ref] : [],
      ),
    ...resources('AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties.FunctionName.Ref),
  ]);
  expect(functions().filter(({ resource: each }) => !running.has(each.id))).toEqual([]);
});

test('a state runs the function of its own name', () => {
  for (const [name, { Resource, Parameters }] of Object.entries(definition().States)) {
    if (!Resource?.includes(':lambda:invoke')) continue;
    expect(Parameters?.FunctionName).toBe(`<${functionOf(kebabCase(name)).resource.id}.Arn>`);
  }
});

test('the memory of each is the one that the documentation gives a reason for', () => {
  const page = readFileSync(join('docs', 'decisions', 'memory-of-functions.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `([\w-]+)` \| (\d+) \|/gm)].map(([, stem, memory]) => [
    stem,
    Number(memory),
  ]);
  const known = functions().map(({ stem, resource: { Properties } }) => [stem, Properties.MemorySize]);
  expect(Object.fromEntries(documented.filter(([stem]) => stem !== ofLogin))).toEqual(Object.fromEntries(known));
});

describe.each(functions().map((each) => [each.stem, each] as const))('%s', (stem, each) => {
  test('has exactly the variables that its code reads', () => {
    // The id of a build comes from the state machine, the key of commits and the login only where the configuration asks for them.
    // The role that ends builds is there where the machines are in another account.
    const elsewhere = ['BUILD_ID', 'COMMIT_SIGNING_KEY', 'LOGIN', 'STOP_BUILDS_ROLE'];
    expect(Object.keys(each.variables).toSorted()).toEqual(
      read(bundleOf(each)).filter((name) => !elsewhere.includes(name)),
    );
  });

  test('loads on Node as it is deployed, and exports its handler', async () => {
    expect((await handlers())[stem]).toBe('function');
  });

  test('runs on Node 24 on ARM and writes JSON to a log of its own that does not last for ever', () => {
    const { Properties } = each.resource;
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'JSON' },
    });
    const log = resource('AWS::Logs::LogGroup', Properties.LoggingConfig.LogGroup.Ref);
    expect(log.Properties.RetentionInDays).toBe(30);
    expect(log.DeletionPolicy).toBe('Delete');
  });

  test('says what it is for', () => {
    expect(each.resource.Properties.Description, stem).toMatch(/^[A-Z].{20,}\.$/);
  });
});

test('the builder has exactly the variables that its code reads, and the id and the token of its build from the state machine', () => {
  const project = resource('AWS::CodeBuild::Project', 'BuilderProject');
  const [asset] = JSON.stringify(project.Properties.Source.Location).match(/[0-9a-f]{64}/) ?? [];
  const set = project.Properties.Environment.EnvironmentVariables.map(({ Name }: { Name: string }) => Name);
  const overridden = definition().States.Build?.Parameters?.EnvironmentVariablesOverride.map(
    ({ Name }: { Name: string }) => Name,
  );
  const code = readFileSync(join(inject('assembly'), `asset.${asset}`, 'main.cjs'), 'utf8');
  // Only who runs one machine can say that its builds are trusted: no template does. A machine of several platforms is told its own.
  expect([...set, ...overridden, 'PLATFORM', 'TRUST_BUILDS'].toSorted()).toEqual(read(code));
  expect(set).not.toContain('TRUST_BUILDS');
});

test('the webhook is small: it answers before GitHub hangs up, from a cold start too', () => {
  const webhook = functionOf('webhook');
  expect(bundleOf(webhook).length).toBeLessThan(60_000);
  expect(webhook.resource.Properties.Timeout).toBeLessThan(10);
});

test('no function imports Node’s modules, neither at its start nor at its first request: with all their names come parts that it never uses', () => {
  expect(functions().flatMap((each) => (bundleOf(each).includes('import("node:') ? [each.stem] : []))).toEqual([]);
});

test('the errors that the state machine waits for keep their names in the bundle', () => {
  expect(bundleOf(functionOf('collect-scan'))).toContain('"ScanPendingError"');
  expect(bundleOf(functionOf('release'))).toContain('"ReleaseBusyError"');
});
