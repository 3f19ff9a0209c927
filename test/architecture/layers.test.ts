import { describe, expect, it } from 'vitest';
import { drawImportGraph } from './import-graph.ts';
import { computedImports, fileCycles, folderCycles, importedLambdas, impurities, wrongWays } from './rules.ts';
import { parseSourceFile, readSourceFiles } from './source-files.ts';

const rules = { wrongWays, importedLambdas, impurities, computedImports, fileCycles, folderCycles };

describe('the tree', () => {
  const files = readSourceFiles();

  it('is read whole', () => {
    expect(files.map(({ path }) => path)).toContain('test/architecture/layers.test.ts');
    const builds = files.find(({ path }) => path === 'services/tables/builds.ts');
    expect(builds?.imports.map(({ module }) => module)).toContain('core/model/build.ts');
  });

  it.each(Object.entries(rules))('has no %s', (_name, rule) => {
    expect(rule(files)).toEqual([]);
  });

  it('is drawn in docs/import-graph.md as it is', async () => {
    await expect(drawImportGraph(files)).toMatchFileSnapshot('../../docs/import-graph.md');
  });
});

it('an arrow that follows from others is left out of the drawn graph', () => {
  const drawn = drawImportGraph([
    parseSourceFile('core/mail/a.ts', "import '../index/b.ts'; import type { C } from '../sources/c.ts';"),
    parseSourceFile('core/index/b.ts', "import '../sources/c.ts'; import '../text/d.ts';"),
    parseSourceFile('core/sources/c.ts', ''),
    parseSourceFile('core/text/d.ts', ''),
  ]);
  expect(drawn.match(/core_.* --> .*/g)).toEqual(['core_index --> core_sources', 'core_mail --> core_index']);
});

/** What each rule says of a few files. */
const say = (rule: keyof typeof rules, files: Record<string, string>) =>
  rules[rule](Object.entries(files).map(([path, text]) => parseSourceFile(path, text)));

describe('an import against the direction', () => {
  it.each([
    ['core/mail/content.ts', '../../services/tables/builds.ts'],
    ['services/tables/builds.ts', '../../functions/fail.ts'],
    ['services/tables/builds.ts', '../../site/badges/badge.ts'],
    ['functions/judge.ts', '../site/badges/badge.ts'],
    ['functions/site.ts', '../builder/log.ts'],
    ['site/badges/badge.ts', '../../functions/site.ts'],
    ['builder/log.ts', '../functions/judge.ts'],
    ['infra/stack.ts', '../functions/judge.ts'],
    ['cli/main.ts', '../local/machine.ts'],
    ['infra/app.ts', '../local/machine.ts'],
    ['local/machine.ts', '../core/model/build.ts'],
    ['local/machine.ts', '../services/environment.ts'],
    ['core/model/build.ts', '../../test/functions/world.ts'],
    ['test/functions/world.ts', '../../bench/report.ts'],
  ])('of %s, of %s, is refused', (path, module) => {
    expect(say('wrongWays', { [path]: `import { it } from '${module}';` })).toHaveLength(1);
  });

  it.each([
    "import type { it } from '../../services/tables/builds.ts';",
    "import { type it } from '../../services/tables/builds.ts';",
    "import '../../services/tables/builds.ts';",
    "import builds = require('../../services/tables/builds.ts');",
    "export { it } from '../../services/tables/builds.ts';",
    "export type * from '../../services/tables/builds.ts';",
    "type It = import('../../services/tables/builds.ts').It;",
    "const { it } = await import('../../services/tables/builds.ts');",
  ])('is seen in the form %s', (text) => {
    expect(say('wrongWays', { 'core/mail/content.ts': text })).toHaveLength(1);
  });

  it.each([
    ['services/tables/builds.ts', '../../core/model/build.ts'],
    ['functions/site.ts', '../site/badges/badge.ts'],
    ['functions/judge.ts', './builds/last-release.ts'],
    ['bench/load.ts', '../test/functions/world.ts'],
    ['test/e2e/rig.ts', '../../local/machine.ts'],
    ['core/model/build.ts', 'zod'],
  ])('is not that of %s, of %s', (path, module) => {
    expect(say('wrongWays', { [path]: `import { it } from '${module}';` })).toEqual([]);
  });

  it('is reported with the file, what it imports, the rule, and what to do', () => {
    expect(say('wrongWays', { 'core/mail/content.ts': "\nimport '../../services/mail/mailer.ts';" })).toEqual([
      'core/mail/content.ts:2 imports services/mail/mailer.ts. Of the other folders core/ may import nothing. ' +
        'Pass what it needs in as a value or a function, or move what asks the outside into services/.',
    ]);
  });

  it('needs a rule for every folder', () => {
    expect(say('wrongWays', { 'shared/names.ts': '' })).toEqual([expect.stringContaining('shared/')]);
  });
});

describe('a Lambda', () => {
  it('is imported by no other and by no workflow', () => {
    const files = {
      'functions/close-build.ts': "import { createTellEnd } from './tell.ts';",
      'functions/cascade/announce.ts': "import type { Tell } from '../tell.ts';",
    };
    expect(say('importedLambdas', files)).toEqual([
      'functions/close-build.ts:1 imports functions/tell.ts, which is a Lambda. Move what both need into functions/<capability>/.',
      expect.stringContaining('functions/cascade/announce.ts:1'),
    ]);
  });

  it('imports workflows, and is called by tests', () => {
    const files = {
      'functions/close-build.ts': "import { createTellEnd } from './builds/tell-end.ts';",
      'test/functions/tell.test.ts': "import { handler } from '../../functions/tell.ts';",
    };
    expect(say('importedLambdas', files)).toEqual([]);
  });
});

describe('in core', () => {
  it.each([
    "import { S3Client } from '@aws-sdk/client-s3';",
    "import type { Build } from '@aws-sdk/client-codebuild';",
    "import { readFileSync } from 'node:fs';",
    "import { setTimeout } from 'node:timers/promises';",
    "import { randomUUID } from 'node:crypto';",
    "import * as crypto from 'node:crypto';",
    "import { connect } from 'node:net';",
    'export const judge = (now = new Date()) => now;',
    'export const today = Date.now();',
    'export const clock = () => Date();',
    'export const random = Math.random();',
    'export const region = process.env.AWS_REGION;',
    'const { env } = process;',
    'export const ask = (url: string, ask = fetch) => ask(url);',
    'setTimeout(() => undefined, 1000);',
    'export const here = import.meta.dirname;',
  ])('refused: %s', (text) => {
    expect(say('impurities', { 'core/policy/verdict.ts': text })).toHaveLength(1);
  });

  it.each([
    "import { createHash } from 'node:crypto';",
    "import { isIP } from 'node:net';",
    "import { z } from 'zod/mini';",
    "import { quoted } from '../text/visible.ts';",
    'export const day = (now: Date) => new Date(now.getTime() + 1);',
    "export const at = Date.parse('2026-11-21');",
    'export const half = (record: { process: number }) => Math.max(record.process, 1);',
  ])('allowed: %s', (text) => {
    expect(say('impurities', { 'core/policy/verdict.ts': text })).toEqual([]);
  });

  it('only: elsewhere there is a clock', () => {
    expect(say('impurities', { 'functions/judge.ts': 'export const now = new Date();' })).toEqual([]);
  });

  it('it is reported where, and what to do', () => {
    expect(say('impurities', { 'core/policy/verdict.ts': '\n\nexport const now = new Date();' })).toEqual([
      'core/policy/verdict.ts:3 uses new Date(). core/ has no clock, no chance, no process and no network of its own. ' +
        'Take it as an argument, without a default.',
    ]);
  });
});

describe('files that import each other', () => {
  it('are reported with the way round, be it types that go back', () => {
    const files = {
      'core/index/a.ts': "import { b } from './b.ts';",
      'core/index/b.ts': "export { c } from './c.ts';",
      'core/index/c.ts': "import type { A } from './a.ts';",
      'core/index/d.ts': "import { a } from './a.ts';",
    };
    expect(say('fileCycles', files)).toEqual([
      expect.stringMatching(
        /^core\/index\/a\.ts → core\/index\/b\.ts → core\/index\/c\.ts → core\/index\/a\.ts import/,
      ),
    ]);
  });

  it('are distinguished from a file that two others import', () => {
    const files = {
      'core/index/a.ts': "import './b.ts'; import './c.ts';",
      'core/index/b.ts': "import './c.ts';",
      'core/index/c.ts': '',
    };
    expect(say('fileCycles', files)).toEqual([]);
  });
});

describe('capabilities that import each other', () => {
  it.each(['core', 'services', 'functions'])('are reported in %s/, although no two files do', (layer) => {
    const files = {
      [`${layer}/builds/start.ts`]: "import '../sources/path.ts';",
      [`${layer}/sources/path.ts`]: '',
      [`${layer}/sources/check.ts`]: "import '../builds/id.ts';",
      [`${layer}/builds/id.ts`]: '',
    };
    expect(say('fileCycles', files)).toEqual([]);
    expect(say('folderCycles', files)).toEqual([
      expect.stringContaining(`${layer}/builds → ${layer}/sources → ${layer}/builds`),
    ]);
  });

  it('are a Lambda and a workflow too, where the workflow calls the Lambda', () => {
    const files = {
      'functions/tell.ts': "import './cascade/announce.ts';",
      'functions/cascade/announce.ts': "import type { Tell } from '../tell.ts';",
    };
    expect(say('folderCycles', files)).toHaveLength(1);
  });
});

describe('an import that is computed', () => {
  const text = 'export const load = (name: string) => import(name);';

  it('is refused: nobody could hold it to the rules', () => {
    expect(say('computedImports', { 'services/aws/secrets.ts': text })).toEqual([
      expect.stringContaining('services/aws/secrets.ts:1'),
    ]);
  });

  it('is what the local Lambda is for', () => {
    expect(say('computedImports', { 'local/aws/lambda/worker.ts': text })).toEqual([]);
  });
});
