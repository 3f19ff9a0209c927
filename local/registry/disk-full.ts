/** https://www.sqlite.org/rescode.html#full */
const sqliteFull = 13;

/** Whether a file or the database could not be written for want of space. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isFile = 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
  return isFile || ('errcode' in error && error.errcode === sqliteFull);
}
