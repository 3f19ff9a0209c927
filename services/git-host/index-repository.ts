import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser } from 'tar';
import { type IndexFile, isIndexFile, isOfIndex } from '../../core/index/read-index.ts';
import { InvalidInputError, UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { type GithubToken, openGithubToken } from './github-token.ts';

/** An index of 100,000 entries is about 30 MB of text, so anything larger than this cannot be an index. */
const maximumBytes = 256 * 1024 * 1024;

/** The index has more text than is accepted. */
export class IndexTooLargeError extends InvalidInputError {}

/** The index as it is at a commit, read through the git host's archive of it: one request, no clone. */
export function createIndexRepository(apiUrl: string, repository: string, token: GithubToken) {
  return {
    /**
     * @param most how many bytes of text are accepted
     * @throws UpstreamError if the host does not send the archive, IndexTooLargeError if it has more text than that
     */
    async filesAt(commit: string, most = maximumBytes): Promise<IndexFile[]> {
      const credential = await token();
      const response = await fetch(`${apiUrl}/repos/${repository}/tarball/${encodeURIComponent(commit)}`, {
        headers: {
          accept: 'application/vnd.github+json',
          ...(credential ? { authorization: `Bearer ${credential}` } : {}),
        },
        signal: AbortSignal.timeout(120_000),
      });
      if (!response.ok || !response.body) {
        throw new UpstreamError(`The git host answered ${response.status} when asked for ${repository} at ${commit}.`);
      }
      const files: IndexFile[] = [];
      let bytes = 0;
      const parser = new Parser({
        // Half of an archive, or a page instead of it, must not pass for a smaller index: projects missing from it would be deactivated.
        strict: true,
        onReadEntry(entry) {
          // GitHub puts everything into one folder, `<owner>-<repository>-<commit>/`.
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
      // The archive is gzipped, so an answer that is not gzipped or ends too early fails here.
      await pipeline(Readable.fromWeb(response.body), createGunzip(), parser);
      return files.sort((one, other) => (one.path < other.path ? -1 : 1));
    },
  };
}

export type IndexRepository = ReturnType<typeof createIndexRepository>;

export const openIndexRepository = once(() =>
  createIndexRepository(variable('GITHUB_API_URL'), variable('INDEX_REPOSITORY'), openGithubToken()),
);
