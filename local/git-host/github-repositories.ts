import { z } from 'zod';
import type { Commits } from './commits.ts';
import type { Contents } from './contents.ts';
import type { Git } from './git-process.ts';
import {
  answerJson,
  type Call,
  callerOfWrite,
  forbidden,
  GitHubError,
  notFound,
  pageOf,
  type Route,
  readInput,
} from './github-http.ts';
import type { People } from './people.ts';
import type { PullBranches } from './pull-branches.ts';
import type { PullForms } from './pull-json.ts';
import type { Repositories, Repository } from './repositories.ts';

/** Of what GitHub lets be changed: https://docs.github.com/en/rest/repos/repos#update-a-repository */
const changeSchema = z.object({ private: z.boolean().optional() });
const maxFiles = 300;
const maxCommits = 250;
const rawMedia = /application\/vnd\.github\.(?:v3\.)?raw\b/;

/** What is in a repository: files, commits, branches, comparisons, and its archive. https://docs.github.com/en/rest/repos */
export function repositoryRoutes(options: {
  url: string;
  git: Git;
  repositories: Repositories;
  commits: Commits;
  contents: Contents;
  forms: PullForms;
  people: People;
  pullBranches: PullBranches;
  pushed(repository: Repository, login: string): Promise<void>;
}): Route[] {
  const { url, git, repositories, commits, contents, forms, people, pullBranches } = options;
  const api = ({ owner, name }: Repository) => `${url}/github/repos/${owner}/${name}`;

  async function commitOf(repository: Repository, ref: string): Promise<string> {
    const commit = await repositories.commitOf(repository, ref);
    if (commit === undefined) throw new GitHubError(422, `No commit found for SHA: ${ref}`);
    return commit;
  }

  /** A side of a comparison: a ref or commit of the repository, or `owner:branch` of a fork. */
  async function sideOf(repository: Repository, name: string): Promise<string> {
    const known = await repositories.commitOf(repository, name);
    if (known) return known;
    const fork = name.includes(':') ? pullBranches.headOf(repository, name) : undefined;
    const brought = fork && (await pullBranches.bringHead(repository, fork.repository, fork.ref));
    if (!brought) throw notFound();
    return brought;
  }

  async function branches({ folder }: Repository): Promise<{ name: string; sha: string }[]> {
    const output = await git.run(folder, ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads/']);
    return output
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => ({ sha: line.slice(0, 40), name: line.slice(41 + 'refs/heads/'.length) }));
  }

  async function withParent(repository: Repository) {
    const parent = repository.forkOf === undefined ? undefined : repositories.get(repository.forkOf);
    const form = await forms.repository(repository);
    if (!parent) return form;
    const of = await forms.repository(parent);
    return { ...form, parent: of, source: of };
  }

  async function compare(call: Call): Promise<void> {
    const { repository, response, searchParams } = call;
    const [, baseName = '', headName = ''] = /^(.+?)\.\.\.(.+)$/.exec(call.groups.basehead ?? '') ?? [];
    const [base, head] = [await sideOf(repository, baseName), await sideOf(repository, headName)];
    const start = await commits.mergeBase(repository, base, head);
    if (!start) throw new GitHubError(404, `No common ancestor between ${baseName} and ${headName}.`);
    const [ahead, behind] = [
      await commits.between(repository, base, head),
      await commits.between(repository, head, base),
    ];
    const address = `${api(repository)}/compare/${encodeURIComponent(`${baseName}...${headName}`)}`;
    const { items, headers } = pageOf(call, address, ahead);
    // Without a page's number or size GitHub gives the first 250 commits; only the first page has the files.
    const isPaged = searchParams.has('page') || searchParams.has('per_page');
    const shown = isPaged ? items : ahead.slice(-maxCommits);
    const isFirst = (Number(searchParams.get('page')) || 1) === 1;
    const files = isFirst ? (await commits.files(repository, start, head)).slice(0, maxFiles) : [];
    const page = `${url}/git/${repository.owner}/${repository.name}/compare/${baseName}...${headName}`;
    answerJson(
      response,
      200,
      {
        url: address,
        html_url: page,
        permalink_url: page,
        diff_url: `${page}.diff`,
        patch_url: `${page}.patch`,
        base_commit: await commits.json(repository, base),
        merge_base_commit: await commits.json(repository, start),
        status: statusOf(ahead.length, behind.length),
        ahead_by: ahead.length,
        behind_by: behind.length,
        total_commits: ahead.length,
        commits: await Promise.all(shown.map((id) => commits.json(repository, id))),
        files,
      },
      isPaged ? headers : {},
    );
  }

  return [
    [
      'PATCH',
      /^$/,
      async (call) => {
        const { login } = callerOfWrite(call);
        if (!people.can(call.repository, login, 'admin')) throw forbidden('Must have admin rights to Repository.');
        const { private: isPrivate = call.repository.isPrivate } = await readInput(
          call.request,
          changeSchema,
          'Repository',
        );
        answerJson(call.response, 200, await withParent(repositories.setPrivate(call.repository, isPrivate)));
      },
    ],
    ['GET', /^$/, async ({ response, repository }) => answerJson(response, 200, await withParent(repository))],
    [
      'POST',
      /^\/forks$/,
      async (call) => {
        const { login, isPerson } = callerOfWrite(call);
        if (!isPerson) throw forbidden('The token alone is the machine; give a name with it: <login>:<token>.');
        const { repository, response } = call;
        const fork = repositories.fork(await repositories.ensure(login, repository.name), repository);
        const refs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
        const isNew = fork.id !== repository.id && (await branches(fork)).length === 0;
        if (isNew) {
          await git.run(fork.folder, ['fetch', '--quiet', '--no-write-fetch-head', repository.folder, ...refs]);
          await options.pushed(fork, login);
        }
        answerJson(response, 202, await withParent(fork));
      },
    ],
    [
      'GET',
      /^\/contents(?:\/(?<path>.*))?$/,
      async ({ request, response, repository, searchParams, groups: { path = '' } }) => {
        const ref = searchParams.get('ref') ?? (await repositories.defaultBranch(repository));
        const commit = await repositories.commitOf(repository, ref);
        if (!commit) throw new GitHubError(404, `No commit found for the ref ${ref}`);
        const found = await contents.at(repository, commit, path.replace(/^\/+|\/+$/g, ''), ref);
        if (!found) throw notFound();
        if (found.kind !== 'file' || !rawMedia.test(request.headers.accept ?? ''))
          return answerJson(response, 200, found.json);
        response
          .writeHead(200, {
            'content-type': 'application/vnd.github.raw; charset=utf-8',
            'content-length': found.content.length,
            'content-security-policy': "default-src 'none'; sandbox",
            'x-content-type-options': 'nosniff',
          })
          .end(found.content);
      },
    ],
    ['GET', /^\/compare\/(?<basehead>.+)$/, compare],
    [
      'GET',
      /^\/commits$/,
      async (call) => {
        const { response, repository, searchParams } = call;
        const ref = searchParams.get('sha') ?? (await repositories.defaultBranch(repository));
        const head = await repositories.commitOf(repository, ref);
        if (!head) throw notFound();
        const output = await git.run(repository.folder, ['rev-list', '--max-count=10000', head]);
        const ids = output.toString().split('\n').filter(Boolean);
        const { items, headers } = pageOf(call, `${api(repository)}/commits`, ids);
        answerJson(response, 200, await Promise.all(items.map((id) => commits.json(repository, id))), headers);
      },
    ],
    [
      'GET',
      /^\/commits\/(?<ref>.+)$/,
      async ({ response, repository, groups: { ref = '' } }) =>
        answerJson(response, 200, await commits.detail(repository, await commitOf(repository, ref))),
    ],
    [
      'GET',
      /^\/branches$/,
      async (call) => {
        const { repository, response } = call;
        const { items, headers } = pageOf(call, `${api(repository)}/branches`, await branches(repository));
        const answer = items.map(({ name, sha }) => ({
          name,
          commit: { sha, url: `${api(repository)}/commits/${sha}` },
          protected: false,
        }));
        answerJson(response, 200, answer, headers);
      },
    ],
    [
      'GET',
      /^\/branches\/(?<branch>.+)$/,
      async ({ response, repository, groups: { branch = '' } }) => {
        const sha = await repositories.commitOf(repository, `refs/heads/${branch}`);
        if (!sha) throw new GitHubError(404, 'Branch not found');
        answerJson(response, 200, {
          name: branch,
          commit: await commits.json(repository, sha),
          _links: {
            self: `${api(repository)}/branches/${branch}`,
            html: `${url}/git/${repository.owner}/${repository.name}/tree/${branch}`,
          },
          protected: false,
        });
      },
    ],
    [
      'GET',
      /^\/tarball(?:\/(?<ref>.+))?$/,
      async ({ response, repository, groups: { ref = 'HEAD' } }) => {
        const commit = await repositories.commitOf(repository, ref);
        if (!commit) throw notFound();
        // github.com redirects to another host; the address of the archive names the commit or the ref that was asked for.
        const archive = `${url}/github/archives/${repository.owner}/${repository.name}/legacy.tar.gz/${ref.split('/').map(encodeURIComponent).join('/')}`;
        response.writeHead(302, { location: archive, 'content-length': 0 }).end();
      },
    ],
  ];
}

function statusOf(ahead: number, behind: number): 'identical' | 'ahead' | 'behind' | 'diverged' {
  if (ahead > 0) return behind > 0 ? 'diverged' : 'ahead';
  return behind > 0 ? 'behind' : 'identical';
}
