import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser } from 'tar';
import { type IndexFile, isIndexFile, isOfIndex } from '../../core/index/read-index.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { type GithubToken, openGithubToken } from './github-token.ts';

/** An index of 100,000 entries is about 30 MB of text; more than this is no index. */
const maximumBytes = 256 * 1024 * 1024;

/** There is more of it than an index can have. */
export class IndexTooLargeError extends UpstreamError {}

/** The index as it is at a commit, read through the git host's archive of it: one request, no clone. */
export function createIndexRepository(apiUrl: string, repository: string, token: GithubToken) {
  return {
    /**
     * @param most how many bytes of text are taken
     * @throws UpstreamError if the host does not give the archive, IndexTooLargeError if there is more in it
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
        // Half of an archive, or a page in its place, must not pass for a smaller index: what is not in it would be put to rest.
        strict: true,
        onReadEntry(entry) {
          // GitHub puts everything into one folder, `<owner>-<repository>-<commit>/`.
          const path = entry.path.replace(/^[^/]+\//, '');
          if (!isOfIndex(path) || entry.type !== 'File') {
            // A link in the place of what counts for all projects must not pass for nothing: it cannot be read.
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
      // The host packs it; what is not packed is not the archive, and what ends too early does not unpack.
      await pipeline(Readable.fromWeb(response.body), createGunzip(), parser);
      return files.sort((one, other) => (one.path < other.path ? -1 : 1));
    },
  };
}

export type IndexRepository = ReturnType<typeof createIndexRepository>;

export const openIndexRepository = once(() =>
  createIndexRepository(variable('GITHUB_API_URL'), variable('INDEX_REPOSITORY'), openGithubToken()),
);
