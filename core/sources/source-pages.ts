import type { GitHostKind } from '../model/git-host.ts';
import { webLink } from '../text/one-line.ts';

/** Where a repository is, and what its host runs if that is known. */
export interface SourceAddress {
  url: string;
  gitHost?: GitHostKind | undefined;
}

/** How the pages of a host are named, below that of a repository. */
interface PageNames {
  /** The path between the repository and a commit. */
  commits: string;
  /** The path between the repository and the commit of a file. */
  files: string;
  /** The fragment's text before the line's number. */
  line: string;
}

const pageNames: Record<GitHostKind | 'bitbucket', PageNames> = {
  github: { commits: 'commit', files: 'blob', line: 'L' },
  gitlab: { commits: '-/commit', files: '-/blob', line: 'L' },
  forgejo: { commits: 'commit', files: 'src/commit', line: 'L' },
  bitbucket: { commits: 'commits', files: 'src', line: 'lines-' },
};

/** The repository's page, for the hosts that serve it at the clone address. */
export function sourcePage(source: SourceAddress): string | undefined {
  return repositoryPage(source)?.address;
}

/** The page of a commit; undefined for a host whose addresses are not known. */
export function commitLink(source: SourceAddress, commit: string): string | undefined {
  const page = repositoryPage(source);
  return page && /^[0-9a-f]{40,64}$/.test(commit) ? `${page.address}/${page.commits}/${commit}` : undefined;
}

/** The page of a line of a file at a commit; undefined for a host whose addresses are not known. */
export function sourceLine(source: SourceAddress, commit: string, path: string, line: number): string | undefined {
  const folder = filesAt(source, commit);
  const file = path.split('/').map(encodeURIComponent).join('/');
  return folder && `${folder}/${file}#${repositoryPage(source)?.line}${line}`;
}

/** The page below which the files of a commit have theirs. */
export function filesAt(source: SourceAddress, commit: string): string | undefined {
  const page = repositoryPage(source);
  return page && /^[0-9a-f]{40,64}$/.test(commit) ? `${page.address}/${page.files}/${commit}` : undefined;
}

function repositoryPage({ url, gitHost }: SourceAddress): (PageNames & { address: string }) | undefined {
  const link = webLink(url);
  if (!link) return undefined;
  const { origin, hostname, pathname } = new URL(link);
  const kind = gitHost ?? kindByName(hostname);
  const address = `${origin}${pathname.replace(/\/+$/, '').replace(/\.git$/, '')}`;
  return kind && { address, ...pageNames[kind] };
}

function kindByName(hostname: string): keyof typeof pageNames | undefined {
  if (hostname === 'bitbucket.org') return 'bitbucket';
  if (hostname.startsWith('gitlab.')) return 'gitlab';
  if (hostname.startsWith('github.')) return 'github';
  return hostname.startsWith('gitea.') || hostname === 'codeberg.org' ? 'forgejo' : undefined;
}
