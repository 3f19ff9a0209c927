import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser } from 'tar';
import { type IndexFile, isIndexFile, isOfIndex } from '../../core/index/read-index.ts';
import { InvalidInputError, UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { openGitHosts } from './host-tokens.ts';
import { indexUrl } from './index-address.ts';
import type { RepositoryApi } from './repository-api.ts';

/** An index of 100,000 entries is about 30 MB of text, so anything larger than this cannot be an index. */
const maximumBytes = 256 * 1024 * 1024;
/**
 * The limits of the whole archive, with the files that are skipped: whoever opens a pull request chooses what is in it, and a push of
 * 62 kB that names one file 400 times makes an archive of 25 GB.
 */
const maximumUnpackedBytes = 512 * 1024 * 1024;
const maximumEntries = 100_000;
/** A planner has a minute, and reads two archives for a pull request, both at once. */
const defaultTimeoutMilliseconds = 30_000;

/** The index, or the archive that has it, is larger than is accepted. */
export class IndexTooLargeError extends InvalidInputError {}

/** The host answered, but its archive of the index did not come to its end in time. The host is not down: the archive may be too large for it. */
export class IndexTooSlowError extends UpstreamError {}

/** The index as it is at a commit, read through the git host's archive of it: one request, no clone. */
export function createIndexRepository(
  { path: repository, archive }: Pick<RepositoryApi, 'path' | 'archive'>,
  timeoutMilliseconds = defaultTimeoutMilliseconds,
) {
  return {
    /**
     * @param most how many bytes of text are accepted
     * @throws IndexTooSlowError if the archive is not sent in time, IndexTooLargeError if it is too large, UpstreamError if the host does not answer
     */
    async filesAt(commit: string, most = maximumBytes): Promise<IndexFile[]> {
      const timeout = AbortSignal.timeout(timeoutMilliseconds);
      const seconds = timeoutMilliseconds / 1000;
      const explain = (late: (cause: unknown) => UpstreamError) => (error: unknown) => {
        throw timeout.aborted ? late(error) : error;
      };
      const silent = `The git host did not answer within ${seconds} s when asked for ${repository} at ${commit}.`;
      const slow = `The archive of ${repository} at ${commit} was not read within ${seconds} s.`;
      const response = await archive(commit, timeout).catch(explain((cause) => new UpstreamError(silent, { cause })));
      if (!response.ok || !response.body) {
        throw new UpstreamError(`The git host answered ${response.status} when asked for ${repository} at ${commit}.`);
      }
      const files: IndexFile[] = [];
      let bytes = 0;
      let entries = 0;
      const parser = new Parser({
        // Half of an archive, or a page instead of it, must not pass for a smaller index: projects missing from it would be deactivated.
        strict: true,
        onReadEntry(entry) {
          entries += 1;
          if (entries > maximumEntries) {
            parser.abort(new IndexTooLargeError(`The archive of the index has more than ${maximumEntries} files.`));
          }
          // Git hosts put everything into one folder, such as `<owner>-<repository>-<commit>/`.
          const path = entry.path.replace(/^[^/]+\//, '');
          if (!isOfIndex(path) || entry.type !== 'File') {
            // A link instead of a file that counts for all projects must not look like a missing file. Its empty text is reported as an error.
            if (isOfIndex(path) && !isIndexFile(path)) files.push({ path, text: '' });
            entry.resume();
            return;
          }
          const chunks: Buffer[] = [];
          entry.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > most) parser.abort(new IndexTooLargeError(`The index is larger than ${most} bytes.`));
            else chunks.push(chunk);
          });
          entry.on('end', () => files.push({ path, text: Buffer.concat(chunks).toString('utf8') }));
        },
      });
      let unpacked = 0;
      /** Passes the archive on, skipped files too, up to the limit. */
      const bounded = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          unpacked += chunk.length;
          if (unpacked <= maximumUnpackedBytes) return done(null, chunk);
          const message = `The archive of the index has more than ${maximumUnpackedBytes} bytes when it is unpacked. Remove the large files.`;
          done(new IndexTooLargeError(message));
        },
      });
      // The archive is gzipped, so an answer that is not gzipped or ends too early fails here.
      const unpacking = pipeline(Readable.fromWeb(response.body), createGunzip(), bounded, parser, { signal: timeout });
      await unpacking.catch(explain((cause) => new IndexTooSlowError(slow, { cause })));
      return files.sort((one, other) => (one.path < other.path ? -1 : 1));
    },
  };
}

export type IndexRepository = ReturnType<typeof createIndexRepository>;

export const openIndexRepository = once(() => createIndexRepository(requireIndex()));

/** @throws InvalidInputError if the configuration has the index on none of the git hosts */
function requireIndex(): RepositoryApi {
  const found = openGitHosts().repositoryAt(indexUrl());
  if (found) return found;
  throw new InvalidInputError(`${indexUrl()} is on none of the hosts of gitHosts: correct the configuration.`);
}
