import { describe, expect, it } from 'vitest';
import { signedReads } from '../../core/api/signed-reads.ts';
import type { ReleasedImage } from '../../core/releases/release.ts';
import { cookieName, sessionPurpose } from '../../core/visibility/session.ts';
import { stranger } from '../../core/visibility/viewer.ts';
import { createSeals } from '../../services/aws/seals.ts';
import { routes } from '../../site/routes.ts';
import { viewerOf } from '../../site/viewer.ts';
import { sampleFindings, sampleScan } from './sample-records.ts';
import { now, sampleBuild, sampleProject, sampleSite, siteUrl } from './sample-site.ts';

const digest = `sha256:${'cd'.repeat(32)}`;
const cascade = '20261121T110000Z-abc123';
const mixed = '20261121T100000Z-def456';
/** All members of it are public, what set it off is not. */
const upon = '20261121T090000Z-abcdef';
const secrets = {
  name: 'vault',
  commit: 'deadbeef'.repeat(5),
  branch: 'unannounced',
  log: 'compiling the plans',
  finding: 'CVE-2026-7777',
  base: 'ghcr.io/acme/hidden-base',
  digest: digest.slice(7),
};
const base = sampleProject('demo/base:latest');
const hidden = sampleProject('demo/vault:latest', {
  visibility: 'private',
  gitBranch: secrets.branch,
  dependsOn: [base.name],
  viewers: ['Alex@example.org', 'group:Plans'],
});
const build = sampleBuild(7, {
  project: hidden.name,
  status: 'released',
  commit: secrets.commit,
  ref: `refs/heads/${secrets.branch}`,
  cost: { machineUsd: 0.01, controlUsd: 0.001, storageUsdPerMonth: 0, pricesOf: '2026-11-01' },
});
const open = sampleBuild(8, { project: base.name, status: 'released', cascade: mixed });
const release: ReleasedImage = {
  project: hidden.name,
  digest,
  repository: 'slipway/demo/vault',
  build: build.id,
  releasedAt: now.toISOString(),
  tags: new Set(['latest']),
  floating: ['latest'],
  state: 'waiting',
};
const member = (project: string) => ({
  project,
  state: 'released' as const,
  parents: [],
  root: true,
  since: now.toISOString(),
  version: 1,
});
const cause = {
  type: 'bases-changed' as const,
  bases: [{ image: secrets.base, digest, previous: `sha256:${'ef'.repeat(32)}` }],
};
const summaryOf = (id: string) => ({
  levels: [],
  first: [member(hidden.name), member(base.name)],
  id,
  startedAt: now.toISOString(),
  counts: { released: 2 },
  causes: [{ event: 'event', cause, at: now.toISOString() }],
});
const uponHidden = {
  ...summaryOf(upon),
  first: [{ ...member(base.name), parents: [hidden.name] }],
  causes: [
    { event: 'event', cause: { type: 'parent-released' as const, parents: [hidden.name] }, at: now.toISOString() },
  ],
};
const seals = createSeals({ current: async () => 'the key' });
const known = { seals, siteUrl, operators: [], now };
const ask = sampleSite({
  builds: [build, open],
  projects: [base, hidden],
  releases: [release, { ...release, digest: `sha256:${'ee'.repeat(32)}` }],
  cascades: [
    { summary: summaryOf(cascade), members: [member(hidden.name)] },
    { summary: summaryOf(mixed), members: [member(base.name), member(hidden.name)] },
    { summary: uponHidden, members: uponHidden.first },
  ],
  logs: { [build.id]: `${secrets.log}\n` },
  records: {
    scan: async (id) =>
      id === build.id
        ? { ...sampleScan(1), findings: sampleFindings(1).map((each) => ({ ...each, id: secrets.finding })) }
        : undefined,
  },
  retention: {
    'demo/base': {
      repository: 'slipway/demo/base',
      at: now.toISOString(),
      days: 30,
      newest: 3,
      isDryRun: false,
      decisions: [
        {
          digest: `sha256:${'ab'.repeat(32)}`,
          releasedAt: now.toISOString(),
          bytes: 1,
          tags: [],
          reasons: [{ kind: 'base', project: hidden.name }],
        },
      ],
    },
  },
});

/** Every address of the site that names the private project, and those that name the public one beside it. */
const addresses = routes.flatMap(({ path }) =>
  ['vault', 'base'].flatMap((job) => {
    const names: Record<string, string> = {
      app: 'demo',
      job,
      tag: 'latest',
      digest,
      record: 'findings',
      scanner: 'capabilities',
      link: 'x',
      build: job === 'vault' ? build.id : open.id,
      cascade: job === 'vault' ? cascade : mixed,
    };
    const address = path.replace(/:(\w+)/g, (_, name: string) => names[name] ?? '');
    const record = path.includes(':record') ? ['scanners', 'comparison', 'packages'] : [];
    return [
      address,
      ...record.map((each) => address.replace(/findings$/, each)),
      ...[`?q=${hidden.name}`, `?q=${secrets.commit}`, `?q=${digest}`, `?q=github.com/demo/vault`].flatMap((query) =>
        path.endsWith('/search') ? [address + query] : [],
      ),
      ...[`?project=${hidden.name}`, `?commit=${secrets.commit}`, `?digest=${digest}`, '?limit=1'].flatMap((query) =>
        /builds$|projects$|costs$|^\/$/.test(path) ? [address + query] : [],
      ),
    ];
  }),
);

describe('a stranger', () => {
  it.each([...new Set(addresses)])('sees nothing of a private project at %s', async (address) => {
    const answer = await ask(address);
    const said = JSON.stringify([answer.headers, answer.text.replaceAll(address, '')]);
    // The form of a search repeats what was typed, and a refusal the name that was asked for.
    const asked = decodeURIComponent(address);
    for (const [what, secret] of Object.entries(secrets)) {
      if (asked.includes(secret)) continue;
      expect([what, said.includes(secret)]).toEqual([what, false]);
    }
    if (address.startsWith('/badges/demo/vault')) expect(answer.text).toContain('unknown');
    else if (/vault|0007/.test(address) && !address.includes('?'))
      expect([address, answer.statusCode]).toEqual([address, 404]);
  });

  it('gets the same answer for a private project as for one that does not exist', async () => {
    for (const [address, status] of [
      ['/projects/demo/vault/latest', 404],
      ['/api/v1/projects/demo/vault/latest', 404],
      ['/badges/demo/vault.svg', 200],
    ] as const) {
      const [there, none] = [await ask(address), await ask(address.replace('vault', 'voids'))];
      expect(there.statusCode).toBe(status);
      expect(there.text).toBe(none.text.replaceAll('voids', 'vault'));
    }
  });

  it('does not learn by a cursor which tags a private project has', async () => {
    for (const tag of ['latest', 'none']) {
      const { text } = await ask(`/api/v1/builds?project=${hidden.name}&tag=${tag}&limit=1`);
      expect(JSON.parse(text)).toEqual({ items: [], cursor: null });
    }
  });

  it.each([
    '/api/v1/builds?project=demo/vault:latest',
    '/api/v1/builds?commit=deadbee',
    '/api/v1/costs?month=2026-11&project=demo/vault:latest',
    '/api/v1/projects?prefix=demo/vault',
  ])('does not learn by a cursor that there is much which is hidden at %s', async (address) => {
    const many = Array.from({ length: 9 }, (_, number) => number);
    const busy = sampleSite({
      builds: many.map((number) => ({ ...build, id: sampleBuild(20 + number).id })),
      projects: [...many.map((number) => ({ ...hidden, name: `demo/vault${number}:latest` })), hidden],
    });
    for (const limit of [1, 2]) {
      const { cursor } = JSON.parse((await busy(`${address}&limit=${limit}`)).text);
      expect(cursor).toBeNull();
    }
  });

  it('finds everything else page by page, once', async () => {
    const many = Array.from({ length: 40 }, (_, number) => number + 10);
    const projects = many.map((number) =>
      sampleProject(`demo/app${number}:latest`, number % 13 === 0 ? {} : { visibility: 'private' }),
    );
    const busy = sampleSite({ projects });
    for (const limit of [1, 2, 3]) {
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: { items: { name: string }[]; cursor: string | null } = JSON.parse(
          (await busy(`/api/v1/projects?limit=${limit}&cursor=${encodeURIComponent(cursor)}`)).text,
        );
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items.map(({ name }) => name));
        cursor = page.cursor;
      }
      expect(seen).toEqual(['demo/app13:latest', 'demo/app26:latest', 'demo/app39:latest']);
    }
  });

  it('is told of a cascade only how its public projects ended', async () => {
    const { counts } = JSON.parse((await ask(`/api/v1/cascades/${mixed}`)).text);
    expect(counts).toEqual({ released: 1 });
  });

  it.each([`/cascades/${upon}`, `/api/v1/cascades/${upon}`, `/api/v1/cascades/${upon}/projects`, '/cascades'])(
    'is not told at %s which private project set a cascade off',
    async (address) => {
      const { statusCode, text } = await ask(address);
      expect([statusCode, text]).toEqual([200, expect.stringContaining('a private project')]);
      expect(text).not.toContain(secrets.name);
    },
  );

  it('gets a cursor that does not tell where a page has ended', async () => {
    const { cursor } = JSON.parse((await ask('/api/v1/projects?limit=1')).text);
    if (cursor !== null) expect(Buffer.from(cursor, 'base64url').toString()).not.toContain('demo');
  });

  it.each([
    ['the route of all others', 'ANY /api/{proxy+}', { authorizer: { iam: {} } }],
    ['no caller', `GET ${signedReads}`, {}],
    ['an undefined caller', `GET ${signedReads}`, { authorizer: undefined }],
  ])('gets no signed read by %s', async (_, routeKey, requestContext) => {
    expect(await viewerOf({ routeKey, requestContext }, known)).toBe(stranger);
  });
});

describe('somebody who has signed in', () => {
  const later = new Date(now.getTime() + 60_000).toISOString();
  const cookieFor = async (session: object, purpose = sessionPurpose) =>
    `other=1; ${cookieName(siteUrl, 'session')}=${await seals.hide(purpose, JSON.stringify(session))}`;
  const page = '/projects/demo/vault/latest';
  const shownTo = async (cookie: string) => (await ask(page, { cookie })).statusCode;

  it.each([
    ['a viewer', { email: 'alex@example.org', groups: [] }, 200],
    ['one of a group', { groups: ['plans'] }, 200],
    ['an operator', { email: 'operator@example.org', groups: [] }, 200],
    ['somebody else', { email: 'eve@example.org', groups: ['others'] }, 404],
  ])('sees a private project as %s', async (_, who, expected) => {
    expect(await shownTo(await cookieFor({ ...who, until: later }))).toBe(expected);
  });

  it('is not who has no session of this pipeline any more, or one made for something else', async () => {
    const alex = { email: 'alex@example.org', groups: [], until: later };
    expect(await shownTo(await cookieFor({ ...alex, until: now.toISOString() }))).toBe(404);
    expect(await shownTo(await cookieFor(alex, 'login'))).toBe(404);
    expect(await shownTo(`${cookieName(siteUrl, 'session')}=${btoa(JSON.stringify(alex))}`)).toBe(404);
    expect(await shownTo(`slipway-session=${await seals.hide(sessionPurpose, JSON.stringify(alex))}`)).toBe(404);
  });

  it('is told so at the foot of each page, of which no cache keeps a copy; a stranger is asked to sign in', async () => {
    const cookie = await cookieFor({ email: 'alex@example.org', groups: [], until: later });
    const mine = await ask(page, { cookie });
    expect(mine.text).toContain('alex@example.org <button>Sign out</button>');
    expect(mine.headers['cache-control']).toBe('private, no-cache');
    expect((await ask(page)).text).toContain('<a href="/login?to=%2Fprojects%2Fdemo%2Fvault%2Flatest">Sign in</a>');
    expect((await ask('/projects/demo/base/latest')).headers['cache-control']).toContain('public');
  });
});

describe('whom IAM lets read everything', () => {
  it.each([
    [`/api/signed/v1/builds/${build.id}`, secrets.commit],
    [`/api/signed/v1/builds/${build.id}/log`, secrets.log],
    ['/api/signed/v1/projects', hidden.name],
    [`/api/signed/v1/cascades/${mixed}`, secrets.base],
  ])('sees it by signed calls at %s', async (address, shown) => {
    const answer = await ask(address);
    expect([answer.statusCode, answer.text]).toEqual([200, expect.stringContaining(shown)]);
    expect(answer.headers['cache-control']).toMatch(/private|no-store/);
  });

  it('is told the public address of a build', async () => {
    expect((await ask(`/api/signed/v1/builds/${build.id}`)).text).toContain(`${siteUrl}/builds/${build.id}`);
  });
});
