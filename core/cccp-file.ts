import { isMap, isScalar, parseDocument } from 'yaml';

/** The names under which a project's own settings are looked for, the first that is there. */
export const cccpFileNames = ['cccp.yml', '.cccp.yml', 'cccp.yaml', '.cccp.yaml'];

export const longestCccpFile = 64 * 1024;
const longestValue = 500;

/** What a `cccp.yml` says, as far as it is known here. */
export interface CccpFile {
  jobId?: string;
  testSkip?: boolean;
  testScript?: string;
  /** What about it cannot be used; the rest counts all the same. */
  problems: string[];
}

/** Reads a project's `cccp.yml`. Every scalar is the text that was written; other keys are left alone. */
export function readCccpFile(text: string): CccpFile {
  const file: CccpFile = { problems: [] };
  if (text.length > longestCccpFile) return { problems: [`It is larger than ${longestCccpFile} bytes.`] };
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false });
  const [error] = document.errors;
  if (error) return { problems: [`It is no valid YAML: ${error.message}`] };
  if (document.contents === null) return file;
  if (!isMap(document.contents)) return { problems: ['It is no list of "key: value".'] };
  const value = (key: string): string | undefined => {
    const node: unknown = isMap(document.contents) ? document.contents.get(key, true) : undefined;
    if (node === undefined) return undefined;
    // An alias is no scalar, so that nothing in the file can grow.
    if (isScalar(node) && typeof node.value === 'string' && node.value.length <= longestValue) return node.value;
    file.problems.push(`"${key}" is no short text.`);
    return undefined;
  };
  const [jobId, testSkip, testScript] = [value('job-id'), value('test-skip'), value('test-script')];
  if (jobId) file.jobId = jobId;
  if (testScript) file.testScript = testScript;
  if (testSkip) {
    if (/^(?:true|yes|on)$/i.test(testSkip)) file.testSkip = true;
    else if (/^(?:false|no|off)$/i.test(testSkip)) file.testSkip = false;
    else file.problems.push('"test-skip" is neither true nor false.');
  }
  return file;
}
