import { isMap, isScalar, parseDocument } from 'yaml';

/** The names under which a project's own settings are looked for, the first that is there. */
export const cccpFileNames = ['cccp.yml', '.cccp.yml', 'cccp.yaml', '.cccp.yaml'];

export const longestCccpFile = 64 * 1024;
const longestValue = 500;
/** How long a test may take, in seconds: where the project says nothing, and at most. */
export const testSeconds = { usual: 600, most: 1800 } as const;

/** A test of the project's own, as its `cccp.yml` says it. */
export interface OwnTest {
  /** As it is written. */
  script: string;
  hasNetwork: boolean;
  seconds: number;
}

/** What a `cccp.yml` says, as far as it is known here. */
export interface CccpFile {
  jobId?: string;
  /** Absent where there is none, or it is left out. */
  test?: OwnTest;
  /** Why nobody can say whether there is a test: one sentence. */
  unknownTest?: string;
  /** What about it cannot be used; the rest counts all the same. */
  problems: string[];
}

/** Reads a project's `cccp.yml`. Every scalar is the text that was written; other keys are left alone. */
export function readCccpFile(text: string): CccpFile {
  if (text.length > longestCccpFile) return unusable(`It is larger than ${longestCccpFile} bytes.`);
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false });
  const [error] = document.errors;
  if (error) return unusable(`It is no valid YAML: ${error.message}`);
  const { contents } = document;
  if (contents === null) return { problems: [] };
  if (!isMap(contents)) return unusable('It is no list of "key: value".');
  const file: CccpFile = { problems: [] };
  const value = (key: string): string | undefined => {
    const node: unknown = contents.get(key, true);
    if (node === undefined) return undefined;
    // An alias is no scalar, so that nothing in the file can grow.
    if (isScalar(node) && typeof node.value === 'string' && node.value.length <= longestValue) return node.value;
    file.problems.push(`"${key}" is no short text.`);
    return undefined;
  };
  const truth = (key: string): boolean => {
    const written = value(key);
    if (written && /^(?:true|yes|on)$/i.test(written)) return true;
    if (written && !/^(?:false|no|off)$/i.test(written)) file.problems.push(`"${key}" is neither true nor false.`);
    return false;
  };
  const jobId = value('job-id');
  if (jobId) file.jobId = jobId;
  const isLeftOut = truth('test-skip');
  const script = value('test-script');
  const hasNetwork = truth('test-network');
  const seconds = secondsOf(value('test-timeout'), file.problems);
  if (isLeftOut) return file;
  if (script) file.test = { script, hasNetwork, seconds };
  else if (script === undefined && contents.has('test-script'))
    file.unknownTest = 'Its "test-script" is no short text.';
  return file;
}

/** A file that is there and that nobody can read may well have asked for a test. */
export function unusable(problem: string): CccpFile {
  return { problems: [problem], unknownTest: problem };
}

function secondsOf(written: string | undefined, problems: string[]): number {
  if (!written) return testSeconds.usual;
  const seconds = /^\d{1,9}$/.test(written) ? Number(written) : 0;
  if (seconds === 0) {
    problems.push(`"test-timeout" is no number of seconds, so ${testSeconds.usual} count.`);
    return testSeconds.usual;
  }
  if (seconds <= testSeconds.most) return seconds;
  problems.push(`"test-timeout" is more than ${testSeconds.most} seconds, which count.`);
  return testSeconds.most;
}
