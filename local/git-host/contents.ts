import type { Git } from './git-process.ts';
import type { Repository } from './repositories.ts';

/** Of a larger file GitHub leaves the content out. https://docs.github.com/en/rest/repos/contents#get-repository-content */
const largestShown = 1024 * 1024;

interface Entry {
  type: 'file' | 'dir' | 'symlink' | 'submodule';
  sha: string;
  size: number;
  path: string;
}

/** A file or a folder of a repository at a commit, in GitHub's form. */
export function createContents(url: string, git: Git) {
  function form({ owner, name }: Repository, ref: string, { type, sha, size, path }: Entry) {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    const api = `${url}/github/repos/${owner}/${name}`;
    const page = `${url}/git/${owner}/${name}`;
    const own = `${api}/contents/${encoded}?ref=${encodeURIComponent(ref)}`;
    const object = `${api}/git/${type === 'dir' ? 'trees' : 'blobs'}/${sha}`;
    const html = `${page}/${type === 'dir' ? 'tree' : 'blob'}/${ref}/${encoded}`;
    return {
      name: path.slice(path.lastIndexOf('/') + 1),
      path,
      sha,
      size,
      url: own,
      html_url: html,
      git_url: object,
      download_url: type === 'file' ? `${page}/raw/${ref}/${encoded}` : null,
      type,
      _links: { self: own, git: object, html },
    };
  }

  /** The entries of a folder; '' is the whole. Undefined without such a folder. */
  async function list({ folder }: Repository, commit: string, path: string): Promise<Entry[] | undefined> {
    const output = await git.ask(folder, ['ls-tree', '-z', '--long', `${commit}:${path}`]);
    return output
      ?.split('\0')
      .filter(Boolean)
      .map((line) => {
        const [, mode = '', kind = '', sha = '', size = '', name = ''] =
          /^(\d+) (\w+) ([0-9a-f]+) +(\S+)\t(.*)$/s.exec(line) ?? [];
        const type = mode === '120000' ? 'symlink' : kind === 'tree' ? 'dir' : kind === 'commit' ? 'submodule' : 'file';
        return { type, sha, size: Number(size) || 0, path: path === '' ? name : `${path}/${name}` } as const;
      });
  }

  return {
    /** @param path without slashes at its ends */
    async at(repository: Repository, commit: string, path: string, ref: string) {
      if (path !== '' && path.split('/').some((part) => part === '' || part === '.' || part === '..')) return undefined;
      const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
      const entry =
        path === '' ? undefined : (await list(repository, commit, parent))?.find((each) => each.path === path);
      if (path !== '' && !entry) return undefined;
      if (!entry || entry.type === 'dir') {
        const entries = await list(repository, commit, path);
        return entries && { kind: 'folder' as const, json: entries.map((each) => form(repository, ref, each)) };
      }
      const json = form(repository, ref, entry);
      if (entry.type === 'submodule') return { kind: 'other' as const, json: { ...json, submodule_git_url: null } };
      const content = await git.run(repository.folder, ['cat-file', 'blob', entry.sha]);
      if (entry.type === 'symlink') return { kind: 'other' as const, json: { ...json, target: content.toString() } };
      const shown =
        content.length > largestShown
          ? { content: '', encoding: 'none' }
          : { content: content.toString('base64').replace(/.{1,60}/g, '$&\n'), encoding: 'base64' };
      return { kind: 'file' as const, content, json: { ...json, ...shown } };
    },
  };
}

export type Contents = ReturnType<typeof createContents>;
