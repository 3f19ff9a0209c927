import { writeFile } from 'node:fs/promises';
import type { Reporter, TestModule, TestSuite } from 'vitest/node';
import type { FileResult } from './results.ts';

type Errors = ReadonlyArray<ReturnType<TestModule['errors']>[number]>;

/**
 * Writes a result of each test file to the file that TEST_RESULTS names. Vitest's own JSON does not have the errors that no test waited
 * for, nor the hooks that failed.
 */
export default class ResultsReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[], unhandled: Errors): Promise<void> {
    const results = modules.map(resultOf);
    const cutOff = results.filter((_, at) => isCutOff(modules[at]));
    const outside: FileResult = { file: '', passed: 0, skipped: 0, failures: [] };
    for (const error of unhandled) {
      const itsFile = results.filter(({ file }) => file === error.VITEST_TEST_PATH);
      // A process that crashes names no file, but leaves some that have not ended.
      const [concerned = outside] = [...itsFile, ...cutOff];
      concerned.failures.push({ test: 'an error that no test waited for', why: whyOf([error]) });
    }
    if (outside.failures.length > 0) results.push(outside);
    await writeFile(process.env.TEST_RESULTS ?? '/dev/stdout', JSON.stringify(results));
  }
}

const isCutOff = (module: TestModule | undefined) => module?.state() === 'queued' || module?.state() === 'pending';

function resultOf(module: TestModule): FileResult {
  const failures = [...module.children.allTests('failed')].map((test) => ({
    test: test.fullName,
    why: whyOf(test.result().errors ?? []),
  }));
  // Hooks of the file and of its groups, and what kept it from being loaded.
  const groups: (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
  for (const group of groups) {
    const errors = group.errors();
    const test = group.type === 'module' ? 'the file as a whole' : group.fullName;
    if (errors.length > 0) failures.push({ test, why: whyOf(errors) });
  }
  if (isCutOff(module)) failures.push({ test: 'the file as a whole', why: 'It did not end: what ran it has crashed.' });
  const count = (state: 'passed' | 'skipped') => [...module.children.allTests(state)].length;
  return { file: module.moduleId, passed: count('passed'), skipped: count('skipped'), failures };
}

const whyOf = (errors: Errors): string => errors.map(({ stack, message }) => stack || message).join('\n');
