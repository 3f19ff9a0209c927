import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { temporaryFolder } from './local/temporary-folder.ts';
import { testLimit, waitLimit } from './test/limits.ts';

const project = (test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration => ({
  test: { testTimeout: testLimit, hookTimeout: testLimit, expect: { poll: { timeout: waitLimit } }, ...test },
});

// Of everything that starts from here; not every test removes what it has made.
const folder = mkdtempSync(join(temporaryFolder(), 'slipway-tests-'));
process.env.TMPDIR = folder;
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export default defineConfig({
  test: {
    // Vitest leaves a core to whoever works beside it, which is half of two.
    maxWorkers: '100%',
    // The machine that end-to-end files share stops with the last of them.
    teardownTimeout: testLimit,
    projects: [
      project({
        name: 'core',
        include: ['test/core/**/*.test.ts'],
        // It is pure: no file can leave anything behind for the next.
        isolate: false,
      }),
      project({
        name: 'unit',
        include: ['test/**/*.test.ts'],
        exclude: ['test/core/**', 'test/infra/**', 'test/e2e/**'],
        // What all of them import would be read anew for each, a third of the time of most.
        isolate: false,
        globalSetup: 'test/builder/bundled.ts',
        alias: { './reader-program.ts': join(import.meta.dirname, 'test/builder/bundled-reader.ts') },
      }),
      project({
        name: 'infra',
        include: ['test/infra/**/*.test.ts'],
        // Every file asks for the same template: it is synthesised once, before them all.
        globalSetup: 'test/infra/synthesis.ts',
        // To read aws-cdk-lib takes longer than most files.
        isolate: false,
      }),
      project({
        name: 'e2e',
        include: ['test/e2e/**/*.test.ts'],
        globalSetup: 'test/e2e/shared.ts',
        isolate: false,
        // A machine waits as much as it works: two of them keep two cores busy.
        maxWorkers: 2,
      }),
    ],
  },
});
