import type { DatabaseSync } from 'node:sqlite';

/**
 * Makes all changes of `work` or none of them. `work` is synchronous, so nothing else runs in between; it may have transactions
 * of its own inside.
 */
export function transaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('savepoint work');
  let done = false;
  try {
    const result = work();
    done = true;
    return result;
  } finally {
    if (done) database.exec('release work');
    // A full disk has ended the transaction already.
    else if (database.isTransaction) database.exec('rollback to work; release work');
  }
}
