import { isMap, isScalar, parseDocument } from 'yaml';

/** The names of the file with a project's own settings: the first one that exists counts. */
export const cccpFileNames = ['cccp.yml', '.cccp.yml', 'cccp.yaml', '.cccp.yaml'];

export const longestCccpFile = 64 * 1024;
const longestValue = 500;
/** The timeout of a test in seconds: if the project sets none, and at most. */
export const testSeconds = { usual: 600, most: 1800 } as const;

/** A project's own test, from its `cccp.yml`. */
export interface OwnTest {
  /** As it is written. */
  script: string;
  hasNetwork: boolean;
  seconds: number;
}

/** The keys of a `cccp.yml` that are used here. */
export interface CccpFile {
  jobId?: string;
  /** Absent where there is none, or it is to be skipped. */
  test?: OwnTest;
  /** Why it is not known whether there is a test: one sentence. */
  unknownTest?: string;
  /** What cannot be used; the rest still counts. */
  warnings: string[];
}

/** Reads a project's `cccp.yml`. Every scalar stays the text that was written; other keys are ignored. */
export function readCccpFile(text: string): CccpFile {
  if (text.length > longestCccpFile) return unusable(`It is larger than ${longestCccpFile} bytes.`);
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false });
  const [error] = document.errors;
  if (error) return unusable(`It is not valid YAML: ${error.message}`);
  const { contents } = document;
  if (contents === null) return { warnings: [] };
  if (!isMap(contents)) return unusable('It is not a list of "key: value".');
  const file: CccpFile = { warnings: [] };
  const value = (key: string): string | undefined => {
    const node: unknown = contents.get(key, true);
    if (node === undefined) return undefined;
    // An alias is not a scalar and is refused, so that aliases cannot expand a small file into a huge one.
    if (isScalar(node) && typeof node.value === 'string' && node.value.length <= longestValue) return node.value;
    file.warnings.push(`"${key}" is not a short text.`);
    return undefined;
  };
  const truth = (key: string): boolean => {
    const written = value(key);
    if (written && /^(?:true|yes|on)$/i.test(written)) return true;
    if (written && !/^(?:false|no|off)$/i.test(written)) file.warnings.push(`"${key}" is neither true nor false.`);
    return false;
  };
  const jobId = value('job-id');
  if (jobId) file.jobId = jobId;
  const isSkipped = truth('test-skip');
  const script = value('test-script');
  const hasNetwork = truth('test-network');
  const seconds = secondsOf(value('test-timeout'), file.warnings);
  if (isSkipped) return file;
  if (script) file.test = { script, hasNetwork, seconds };
  else if (script === undefined && contents.has('test-script'))
    file.unknownTest = 'Its "test-script" is not a short text.';
  return file;
}

/** A file that exists but cannot be read may contain a test. */
export function unusable(problem: string): CccpFile {
  return { warnings: [problem], unknownTest: problem };
}

function secondsOf(written: string | undefined, problems: string[]): number {
  if (!written) return testSeconds.usual;
  const seconds = /^\d{1,9}$/.test(written) ? Number(written) : 0;
  if (seconds === 0) {
    problems.push(`"test-timeout" is not a number of seconds: ${testSeconds.usual} seconds count instead.`);
    return testSeconds.usual;
  }
  if (seconds <= testSeconds.most) return seconds;
  problems.push(`"test-timeout" is more than the limit of ${testSeconds.most} seconds: the limit counts instead.`);
  return testSeconds.most;
}
