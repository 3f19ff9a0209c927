import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readContext, synthesise } from '../../local/synthesise.ts';
import { readAssembly } from '../../local/template/template.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway app '));
  await mkdir(join(root, 'infra'));
  await mkdir(join(root, 'code'));
  await writeFile(join(root, 'code', 'index.js'), 'exports.handler = async () => 1;');
  await symlink(resolve('node_modules'), join(root, 'node_modules'));
  await writeFile(
    join(root, 'cdk.json'),
    JSON.stringify({ app: 'node infra/app.ts', context: { name: 'from cdk.json' } }),
  );
  await writeFile(join(root, 'package.json'), '{ "type": "module" }');
});

afterEach(() => rm(root, { recursive: true, force: true }));

test('synthesises a CDK app as the CLI does, and the assembly has its stack and its assets', async () => {
  await writeFile(
    join(root, 'infra', 'app.ts'),
    `import { App, Stack } from 'aws-cdk-lib';
     import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
     const app: App = new App();
     const stack = new Stack(app, 'Demo', { description: app.node.tryGetContext('name') });
     new Function(stack, 'Fn', { runtime: Runtime.NODEJS_24_X, handler: 'index.handler', code: Code.fromAsset('code') });
     app.synth();`,
  );
  const outputFolder = join(root, 'data', 'cdk.out');
  await synthesise({ root, outputFolder, context: { name: 'from here' } });
  const [stack] = await readAssembly(outputFolder);
  expect(stack).toMatchObject({ name: 'Demo', template: { Description: 'from here' } });
  expect(stack?.assets).toEqual([
    {
      path: expect.stringContaining('asset.'),
      packaging: 'zip',
      bucket: expect.stringMatching(/^cdk-hnb659fds-assets-/),
      key: expect.stringMatching(/\.zip$/),
    },
  ]);
  expect(await readFile(join(stack?.assets[0]?.path ?? '', 'index.js'), 'utf8')).toContain('handler');
  expect(await readContext(root)).toEqual({ name: 'from cdk.json' });
});

test('shows what the app wrote when it fails', async () => {
  await writeFile(join(root, 'infra', 'app.ts'), `console.error('the sender is missing'); process.exit(3);`);
  const failing = synthesise({ root, outputFolder: join(root, 'out'), context: {} });
  await expect(failing).rejects.toThrow(/did not synthesise \(3\):\nthe sender is missing/);
});

describe('an app that says what it is made of', () => {
  const cdk = { app: 'node infra/app.ts', watch: { include: ['infra/**', 'code/**'] }, context: {} };
  const runs = async () => (await readFile(join(root, 'runs'), 'utf8')).length;
  const assemblies = () => readdir(join(root, 'cache'));

  /** A start of a machine in a folder of its own, if no other is named. */
  async function start({ name = randomUUID() as string, context = {}, cacheFolder = join(root, 'cache') } = {}) {
    const outputFolder = join(root, 'data', name);
    await synthesise({ root, outputFolder, context, cacheFolder });
    return readFile(join(outputFolder, 'made'), 'utf8');
  }

  beforeEach(async () => {
    await rm(join(root, 'node_modules'));
    await mkdir(join(root, 'node_modules'));
    for (const name of ['package-lock.json', 'tsconfig.json', 'node_modules/.package-lock.json'])
      await writeFile(join(root, name), '{}');
    await writeFile(join(root, 'cdk.json'), JSON.stringify(cdk));
    await writeFile(
      join(root, 'infra', 'app.ts'),
      `import { appendFileSync, copyFileSync, mkdirSync } from 'node:fs';
       const folder: string = process.env.CDK_OUTDIR ?? '';
       mkdirSync(folder, { recursive: true });
       appendFileSync('runs', 'x');
       copyFileSync('code/index.js', folder + '/made');`,
    );
  });

  test('runs once, however many folders want what it makes', async () => {
    const made = await start({ name: 'one' });
    expect(await start({ name: 'one' })).toBe(made);
    expect(await start({ name: 'other' })).toBe(made);
    expect(await runs()).toBe(1);
  });

  test.each([
    ['a source is changed', 'code/index.js', 'exports.handler = async () => 2;'],
    ['a source is added', 'code/more/index.js', ''],
    ['a dependency is wanted in another version', 'package-lock.json', '{ "version": "2" }'],
    ['a dependency is installed in another version', 'node_modules/.package-lock.json', '{ "version": "2" }'],
    ['the context of cdk.json is changed', 'cdk.json', JSON.stringify({ ...cdk, context: { name: 'other' } })],
    ['TypeScript is configured otherwise', 'tsconfig.json', '{ "compilerOptions": {} }'],
  ])('runs again when %s, and not when that is undone', async (_, file, text) => {
    const path = join(root, file);
    const before = await readFile(path, 'utf8').catch(() => undefined);
    await start();
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await start();
    expect(await runs()).toBe(2);
    await (before === undefined ? rm(path) : writeFile(path, before));
    await start();
    expect(await runs()).toBe(2);
  });

  test('runs again when it is given another context', async () => {
    await start({ context: { name: 'one' } });
    await start({ context: { name: 'other' } });
    expect(await runs()).toBe(2);
  });

  test('is not believed when a source was changed while it ran', async () => {
    await writeFile(
      join(root, 'infra', 'app.ts'),
      `${await readFile(join(root, 'infra', 'app.ts'), 'utf8')} appendFileSync('code/index.js', '// changed');`,
    );
    await start({ name: 'one' });
    expect(await start({ name: 'one' })).toContain('// changed');
    expect(await runs()).toBe(2);
  });

  test('sees nothing of the environment that is not part of what it is made of', async () => {
    await writeFile(
      join(root, 'infra', 'app.ts'),
      `import { mkdirSync, writeFileSync } from 'node:fs';
       mkdirSync(process.env.CDK_OUTDIR ?? '', { recursive: true });
       writeFileSync(process.env.CDK_OUTDIR + '/made', Object.keys(process.env).sort().join(' '));`,
    );
    vi.stubEnv('CDK_DEFAULT_REGION', 'eu-west-1');
    const seen = (await start()).split(' ');
    vi.unstubAllEnvs();
    expect(seen.filter((name) => !['HOME', 'PATH', 'TMPDIR'].includes(name))).toEqual([
      'CDK_CONTEXT_JSON',
      'CDK_OUTDIR',
      'CDK_VALIDATION',
      'NODE_COMPILE_CACHE',
    ]);
  });

  test('may be wanted by several at once: each has all of it', async () => {
    const made = await Promise.all(Array.from({ length: 4 }, () => start()));
    expect(new Set(made)).toEqual(new Set(['exports.handler = async () => 1;']));
    expect(await assemblies()).toHaveLength(1);
  });

  test('leaves a few assemblies, those that were used last', async () => {
    for (let at = 0; at < 6; at++) {
      await start({ context: { at: 0 } });
      await start({ context: { at } });
    }
    expect(await assemblies()).toHaveLength(4);
    await start({ context: { at: 0 } });
    expect(await runs()).toBe(6);
  });

  test('does without a cache that cannot be written to, and without one that cannot be read', async () => {
    await writeFile(join(root, 'file'), '');
    await start({ cacheFolder: join(root, 'file', 'cache') });
    await start();
    const [name = ''] = await assemblies();
    // Whoever waits for such a file waits for ever.
    await promisify(execFile)('mkfifo', [join(root, 'cache', name, 'pipe')]);
    expect(await start()).toBe('exports.handler = async () => 1;');
  });
});
