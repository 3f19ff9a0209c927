import { execFile } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { z } from 'zod';

const root = join(import.meta.dirname, '..');
const run = promisify(execFile);

/**
 * The tests that start programs instead of importing them, which vitest cannot see: each folder with what it starts, and what that reads
 * besides its modules.
 */
const started = [
  { tests: 'test/builder/', programs: ['builder/main.ts'], reads: [] },
  { tests: 'test/cli/', programs: ['cli/main.ts'], reads: ['cli/', 'examples/'] },
  { tests: 'test/local/', programs: ['local/aws/lambda/worker.ts'], reads: [] },
  { tests: 'test/infra/', programs: ['infra/app.ts', 'functions/*.ts'], reads: ['cdk.json', 'builder/'] },
  {
    tests: 'test/e2e/',
    programs: ['infra/app.ts', 'functions/*.ts', 'builder/main.ts', 'local/*.ts', 'local/aws/lambda/worker.ts'],
    reads: ['cdk.json', 'cli/', 'examples/'],
  },
];

/** What has changed since a commit, whether or not git knows it already. */
export async function changedSince(commit: string): Promise<string[]> {
  const git = async (...args: string[]) => (await run('git', args, { cwd: root })).stdout.split('\n').filter(Boolean);
  return [
    ...(await git('diff', '--name-only', '--no-renames', commit, '--')),
    ...(await git('ls-files', '--others', '--exclude-standard')),
  ];
}

/** The folders of tests that start a program of which something has changed. */
export async function startingChanged(changed: readonly string[]): Promise<string[]> {
  const folders: string[] = [];
  for (const { tests, programs, reads } of started) {
    const made = await modulesOf(programs);
    const isConcerned = (file: string) => made.has(file) || reads.some((path) => file.startsWith(path));
    if (changed.some(isConcerned)) folders.push(tests);
  }
  return folders;
}

/** The test files of a project that import what has changed since a commit. */
export async function importingChanged(vitest: string, project: string, since: string): Promise<string[]> {
  const args = ['list', '--project', project, '--changed', since, '--filesOnly', '--json'];
  const { stdout } = await run(vitest, args, { cwd: root, maxBuffer: 2 ** 26 });
  const files = z.array(z.object({ file: z.string() })).parse(JSON.parse(stdout));
  return files.map(({ file }) => relative(root, file));
}

async function modulesOf(programs: readonly string[]): Promise<Set<string>> {
  const entryPoints: string[] = [];
  for await (const file of glob(programs, { cwd: root })) entryPoints.push(file);
  const { metafile } = await build({
    entryPoints,
    absWorkingDir: root,
    outdir: 'out',
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  return new Set(Object.keys(metafile.inputs));
}
