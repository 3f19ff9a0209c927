import { describe, expect, it } from 'vitest';
import { readIndex } from '../../../core/index/read-index.ts';
import type { GitHost } from '../../../core/model/git-host.ts';
import { goodFile, now } from './index-texts.ts';

const github: GitHost = { kind: 'github', url: 'https://github.com', apiUrl: 'https://api.github.com' };
const gitlab: GitHost = { kind: 'gitlab', url: 'https://gitlab.com', apiUrl: 'https://gitlab.com/api/v4' };

const read = (deploy: string, entry: Record<string, string> = {}, gitHost: GitHost = github) => {
  const text = goodFile({ app: entry });
  const file = { ...text, text: `${text.text.trimEnd()}\n    deploy:${deploy}\n` };
  const { projects, diagnostics } = readIndex([file], {
    now,
    gitHosts: [gitHost],
  });
  return { targets: projects[0]?.deploy, messages: diagnostics.map(({ message }) => message) };
};

describe('the targets of an entry', () => {
  it('are one, with what is not written', () => {
    expect(read('\n      repository: ops/live\n      path: shop/web.yaml')).toEqual({
      messages: [],
      targets: [
        {
          name: 'default',
          repository: 'ops/live',
          path: 'shop/web.yaml',
          kind: 'kubernetes',
          mode: 'push',
          on: 'branch',
          skipCi: false,
        },
      ],
    });
  });

  it('are environments in the order of promotion', () => {
    const { targets, messages } = read(`
      - {name: staging, repository: ops/live, branch: main, path: ./staging/, kind: kustomize, on: branch}
      - name: production
        repository: https://git.example.org/ops/live.git
        path: /production/values.yaml
        kind: Helm-Values
        key: web.image\\.v2
        on: promotion
        after: 2d
        skip-ci: yes
      - {name: eu, repository: ops/eu, path: app.yaml, kind: yaml, policy: 'flux-system:app', on: version, mode: pull-request}`);
    expect(messages).toEqual([]);
    expect(targets).toMatchObject([
      { name: 'staging', path: 'staging', kind: 'kustomize', on: 'branch' },
      { name: 'production', path: 'production/values.yaml', key: ['web', 'image.v2'], on: 'promotion', afterHours: 48 },
      { name: 'eu', policy: 'flux-system:app', on: 'version', mode: 'pull-request' },
    ]);
    expect(targets?.[1]).toMatchObject({ kind: 'helm-values', skipCi: true });
  });

  it('are in groups of groups on GitLab, and nowhere else', () => {
    const deploy = '\n      repository: ops/europe/live\n      path: web.yaml';
    expect(read(deploy, {}, gitlab)).toMatchObject({ messages: [], targets: [{ repository: 'ops/europe/live' }] });
    const refused = [expect.stringContaining('not the address of a git repository')];
    expect(read(deploy).messages).toEqual(refused);
    expect(read('\n      repository: ops/../secret/live\n      path: web.yaml', {}, gitlab).messages).toEqual(refused);
  });

  it('are services too', () => {
    const { targets, messages } = read(`
      - {name: test, kind: ecs, service: shop}
      - {name: live, kind: ECS, cluster: live, service: shop, container: web, on: promotion, after: 12h}
      - {name: servers, kind: ssm, servers: Role=web, container: shop, on: version}`);
    expect(messages).toEqual([]);
    expect(targets).toEqual([
      { name: 'test', on: 'branch', kind: 'ecs', cluster: 'default', service: 'shop' },
      {
        name: 'live',
        on: 'promotion',
        afterHours: 12,
        kind: 'ecs',
        cluster: 'live',
        service: 'shop',
        container: 'web',
      },
      { name: 'servers', on: 'version', kind: 'ssm', servers: 'Role=web', container: 'shop' },
    ]);
  });

  const base = 'repository: ops/live, path: a.yaml';
  it.each([
    [` {${base}, on: tag}`, '"deploy", "on": "tag" calls for no release. Write branch, version or promotion.'],
    [` {${base}, kind: kustomise}`, 'Did you mean kustomize?'],
    [` {${base}, pth: b}`, '"deploy": the key "pth" is not known. Did you mean "path"?'],
    [' {repository: ops/.., path: a.yaml}', 'not the address of a git repository'],
    [' {repository: ../live, path: a.yaml}', 'not the address of a git repository'],
    [' {path: a.yaml}', '"deploy": "repository" is missing or empty.'],
    [` [{${base}}, {${base}, name: b}]`, '"deploy": each of several targets needs a name, such as production.'],
    [` [{${base}, name: b}, {${base}, name: B}]`, '"deploy": two targets are called "B".'],
    [` {${base}, on: promotion}`, 'there is no target before the first one to promote from.'],
    [` {${base}, on: branch next}`, 'the entry builds the branch "main", not "next".'],
    [` {${base}, after: 2d}`, '"after" needs "on: promotion".'],
    [` {${base}, after: soon}`, '"soon" is not a time. Write hours or days: 12h, 2d.'],
    [` {${base}, kind: yaml}`, 'the kind yaml needs either "key" or "policy".'],
    [` {${base}, key: a.b}`, 'the kind kubernetes has no "key".'],
    [` {${base}, part: tag}`, '"policy" and "part" are for the kind yaml.'],
    [' {repository: ops/live, path: ../a.yaml}', '"deploy, path" leaves the repository'],
    [
      ' {repository: "http://git.example.org/ops/live", path: a}',
      'a credential is not sent over http. Write https://.',
    ],
    [' {repository: "https://10.0.0.1/ops/live", path: a}', 'The host 10.0.0.1 is private'],
    [
      ' {repository: "https://git.example.org/a/b", path: a, mode: pull-request}',
      'only on a git host of the configuration',
    ],
    [` {kind: ecs, cluster: live}`, '"deploy": the kind ecs needs "service".'],
    [` {kind: ecs, service: shop, ${base}}`, 'the kind ecs has no "repository".'],
    [` {kind: ecs, service: "shop;rm"}`, '"shop;rm" is not a name of a service.'],
    [
      ` {kind: ssm, servers: web, container: shop}`,
      '"web" is not a tag of servers. Write its key and value: Role=web.',
    ],
    [` {kind: ssm, servers: Role=web, container: "a b"}`, '"a b" is not a name of a container.'],
    [` {${base}, service: shop}`, 'the kind kubernetes has no "service".'],
    [' true', '"deploy": It must be a target with repository and path, or a list of them.'],
  ])('are refused: deploy:%s', (deploy, message) => {
    const { targets, messages } = read(deploy);
    expect(messages.join('\n')).toContain(message);
    expect(targets).toBeUndefined();
  });
});
