import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
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

test('does not run the app again as long as nothing that it is made of has changed', async () => {
  const cdk = { app: 'node infra/app.ts', watch: { include: ['infra/**', 'code/**'] }, context: {} };
  await writeFile(join(root, 'cdk.json'), JSON.stringify(cdk));
  await writeFile(
    join(root, 'infra', 'app.ts'),
    `import { appendFileSync, mkdirSync } from 'node:fs';
     mkdirSync(process.env.CDK_OUTDIR ?? '', { recursive: true });
     appendFileSync('runs', 'x');`,
  );
  const run = (context: Record<string, unknown> = {}) => synthesise({ root, outputFolder: join(root, 'out'), context });
  const runs = () => readFile(join(root, 'runs'), 'utf8');
  await run();
  await run();
  expect(await runs()).toBe('x');
  await writeFile(join(root, 'code', 'index.js'), 'exports.handler = async () => 2;');
  await run();
  expect(await runs()).toBe('xx');
  await run({ name: 'other' });
  expect(await runs()).toBe('xxx');
});
