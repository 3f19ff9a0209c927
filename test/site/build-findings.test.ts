import { describe, expect, it } from 'vitest';
import type { Build } from '../../core/model/build.ts';
import { InvalidInputError } from '../../core/model/errors.ts';
import type { Finding } from '../../core/model/findings.ts';
import { changesOf, compare, comparisonSchema } from '../../core/releases/image-diff.ts';
import { mostFindings, type ScannerReport, type ScannerReports } from '../../core/scanners/report.ts';
import type { RecordReader } from '../../site/readers.ts';
import { sampleComparison, sampleFindings, samplePackages, sampleReports, sampleScan } from './sample-records.ts';
import { commit, sampleBuild, sampleProject, sampleSite } from './sample-site.ts';

const candidate = { repository: 'candidate/demo/app', digest: `sha256:${'ab'.repeat(32)}` };
const build = sampleBuild(20, {
  status: 'blocked',
  candidate,
  endedAt: '2026-11-21T11:41:00.000Z',
  stages: {
    scan: { status: 'succeeded', startedAt: '2026-11-21T11:40:30.000Z', endedAt: '2026-11-21T11:40:40.000Z' },
  },
  changes: changesOf(sampleComparison),
  verdict: {
    outcome: 'block',
    reasons: ['CVE-2026-1000 (CRITICAL) in openssl 3.0.15-1~deb12u1: the policy allows MEDIUM at most; update it.'],
    warnings: ['package-updates: tzdata 2024a has an update to 2025b.'],
    counts: { CRITICAL: 1 },
    accepted: 2,
  },
});
const records = {
  scan: async () => sampleScan(240),
  scanners: async () => sampleReports,
  comparison: async () => sampleComparison,
  packages: async () => samplePackages([{ name: 'openssl', version: '3.0.15-1~deb12u1' }]),
};
/** The longest answer of a function, with its body as a string of JSON within it. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const longestAnswer = 6 * 1024 * 1024;

const accepting = [
  { id: 'CVE-2026-1000', reason: 'The parser is not reached', owner: 'shop team', expires: '2027-02-01' },
  { id: 'DL3008', reason: 'The base pins them', owner: 'shop team', expires: '2027-02-02' },
  { id: 'CVE-2026-1006', reason: 'It has ended', owner: 'shop team', expires: '2026-11-20' },
];

const siteOf = (over: Partial<RecordReader> = {}, project = sampleProject('demo/app:latest')) =>
  sampleSite({ builds: [build], projects: [project], records: { ...records, ...over } });

async function pageOf(...site: Parameters<typeof siteOf>): Promise<string> {
  return (await siteOf(...site)(`/builds/${build.id}`)).text;
}

/** Text as a person sees it. */
function seen(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replace(/\s+/g, ' ');
}

const severitiesIn = (text: string) =>
  [...text.matchAll(/<td data-label="Severity"><span class="severity (\w+)">/g)].map(([, one]) => one);

describe('all vulnerabilities of a build', () => {
  const list = async (query = '', over: Partial<RecordReader> = {}) =>
    (await siteOf(over)(`/builds/${build.id}/findings${query}`)).text;

  it('come in pages, the worst first', async () => {
    const first = await list();
    expect(severitiesIn(first)).toEqual([...Array(40).fill('critical'), ...Array(10).fill('high')]);
    expect(seen(first)).toContain('240 findings, the worst first.');
    const next = /rel="next" href="([^"]+)"/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(severitiesIn((await siteOf()(next)).text)).toHaveLength(50);
  });

  it('are narrowed by severity, by whether a fix is there, and by a text', async () => {
    expect(severitiesIn(await list('?severity=HIGH&fix=&q='))).toEqual(Array(40).fill('high'));
    const one = await list('?q=cve-2026-1003');
    expect(seen(one)).toContain('1 of 240 findings');
    expect(one).toContain('value="cve-2026-1003"');
    expect(seen(await list('?q=%3Cscript%3Ealert(1)'))).toContain('No finding passes the filter. ');
    expect(await list('?q=%3Cscript%3Ealert(1)')).not.toContain('<script>');
  });

  it('make no large page, however many there are', async () => {
    const scan = async () => sampleScan(10_000);
    expect((await list('', { scan })).length).toBeLessThan(60_000);
    expect((await pageOf({ scan })).length).toBeLessThan(60_000);
  });

  it('say where there is no scan', async () => {
    expect(await siteOf({ scan: async () => undefined })(`/builds/${build.id}/findings`)).toMatchObject({
      statusCode: 404,
    });
  });
});

it('all findings of a scanner have a page', async () => {
  const { text } = await siteOf()(`/builds/${build.id}/scanners/package-updates`);
  expect(seen(text)).toMatch(
    /demo\/app:latest \/ Build \w+ Updates of packages 2 findings, by apt 2\.6\.1 openssl 3\.0\.15/,
  );
  expect((await siteOf()(`/builds/${build.id}/scanners/nothing`)).statusCode).toBe(404);
});

it('the steps of the builder are shown within its stage, while it runs too', async () => {
  const steps = [
    { name: 'fetch', startedAt: '2026-11-21T11:59:10.000Z' },
    { name: 'build', startedAt: '2026-11-21T11:59:12.000Z' },
  ];
  const running = sampleBuild(1, {
    status: 'building',
    stages: { build: { status: 'running', startedAt: '2026-11-21T11:59:08.000Z' } },
  });
  const site = sampleSite({ builds: [running], records: { steps: async () => ({ steps }) } });
  const words = seen((await site(`/builds/${running.id}`)).text);
  expect(words).toContain('build running 52 s fetch succeeded 2.0 s build running 48 s scan to come');
});

describe('the page of a scanned build', () => {
  it('has the warnings beside the reasons, and how much the index accepts', async () => {
    expect(seen(await pageOf())).toMatch(
      /Verdict: blocked .* update it\. 1 warning package-updates: tzdata 2024a has an update to 2025b\. 2 findings are accepted by the index\./,
    );
  });

  it('shows how the index would accept a finding that blocks', async () => {
    const verdict = { outcome: 'block' as const, reasons: ['One.'], counts: {}, exceptable: [{ id: 'CVE-2026-1000' }] };
    const site = sampleSite({ builds: [{ ...build, verdict }], records });
    expect((await site(`/builds/${build.id}`)).text).toContain('exceptions:\n  - id: CVE-2026-1000\n    reason: ');
    expect(await pageOf()).not.toContain('How a finding is accepted');
  });

  it('has the worst vulnerabilities, and the way to all of them', async () => {
    const text = await pageOf();
    expect(severitiesIn(text)).toEqual(Array(15).fill('critical'));
    expect(seen(text)).toContain('These are the first 15 of 240, the worst first.');
    expect(text).toContain(`href="/builds/${build.id}/findings"`);
    expect(text).toContain(`href="/api/v1/builds/${build.id}/findings"`);
    expect(text).toContain('href="https://security-tracker.debian.org/tracker/CVE-2026-1000"');
  });

  it.each([
    [{ fixed: '3.0.16' }, 'Fixed in 3.0.16'],
    [{ fixAvailable: 'YES' as const }, 'Fixed in a newer version'],
    [{ fixAvailable: 'PARTIAL' as const }, 'Fixed in none yet'],
    [{}, 'Fixed in none yet'],
  ])('says of a finding with %j: %s', async (over, words) => {
    const finding: Finding = { id: 'CVE-1', severity: 'HIGH', package: 'openssl', installed: '3.0.15', ...over };
    const text = await pageOf({ scan: async () => ({ state: 'complete', findings: [finding] }) });
    const cell = seen(text.slice(text.indexOf('<td data-label="Fixed in">')).split('</td>')[0] ?? '');
    expect(`Fixed in ${cell.trim()}`).toBe(words);
  });

  it('says that a scan found nothing, or why there is none', async () => {
    expect(seen(await pageOf({ scan: async () => sampleScan(0) }))).toContain('Vulnerabilities The scan found none.');
    expect(
      seen(await pageOf({ scan: async () => ({ state: 'unsupported', reason: 'No such system.', findings: [] }) })),
    ).toContain('The scanner of the registry cannot read this image. No such system.');
  });

  it('says at an accepted finding who accepts it, until when and why', async () => {
    const text = seen(await pageOf({}, sampleProject('demo/app:latest', { exceptions: accepting })));
    expect(text).toContain(
      'CVE-2026-1000 A heap overflow in the parser of certificates lets a server write beyond its buffer Accepted until 2027-02-01 by the exception of shop team: The parser is not reached',
    );
    expect(text).toContain('(DL3008) Show the line · About the rule Accepted until 2027-02-02');
    expect(text).not.toContain('It has ended');
  });

  it('has what each scanner says, as text, with its tool and its time', async () => {
    const text = seen(await pageOf());
    for (const part of [
      'Test of the project failed 1.4 s the test tests/smoke.sh ended with exit code 1',
      'checking the port expected 200, got 503 <b>not bold</b>',
      'Updates of packages 2 findings apt 2.6.1, 1.4 s openssl 3.0.15-1~deb12u1 has a security update to 3.0.17-1~deb12u3',
      'Updates of pip, npm and gem packages nothing to scan 1.4 s There is no pip, npm or gem.',
      '/etc/issue of base-files differs from what its package installed (digest) config, Debian',
      'Nothing found SBOM Nothing to scan Updates of pip, npm and gem packages ',
    ]) {
      expect(text).toContain(part);
    }
  });

  it.each([
    ['failed', 'could not scan'],
    ['timed-out', 'did not end in time'],
  ] as const)('says of a scanner that is %s that it %s, and shows no sign of success', async (state, words) => {
    const reports = {
      version: 1 as const,
      reports: [{ scanner: 'sbom' as const, state, reason: 'The tool is gone.', findings: [], total: 0, seconds: 1 }],
    };
    const text = await pageOf({ scanners: async () => reports });
    expect(seen(text)).toContain(`SBOM ${words} 1.0 s The tool is gone.`);
    expect(/<section id="scanners">.*?<\/section>/s.exec(text)?.[0]).not.toContain('<svg class="icon good"');
  });

  it.each([
    ['https://github.com/demo/app.git', `https://github.com/demo/app/blob/${commit}/images/a%20b/Dockerfile#L4`],
    [
      'https://gitlab.example.org/demo/app.git',
      `https://gitlab.example.org/demo/app/-/blob/${commit}/images/a%20b/Dockerfile#L4`,
    ],
    ['https://codeberg.org/demo/app', `https://codeberg.org/demo/app/src/commit/${commit}/images/a%20b/Dockerfile#L4`],
    ['https://bitbucket.org/demo/app', `https://bitbucket.org/demo/app/src/${commit}/images/a%20b/Dockerfile#lines-4`],
    ['http://localhost:4600/git/demo/app.git', undefined],
  ])('leads from a remark on the Dockerfile of %s to its line', async (sourceUrl, address) => {
    const project = sampleProject('demo/app:latest', { dockerfile: 'images/a b/Dockerfile' });
    const site = sampleSite({ builds: [{ ...build, sourceUrl }], projects: [project], records });
    const { text } = await site(`/builds/${build.id}`);
    expect(/href="([^"]*)"[^>]*>Show the line/.exec(text)?.[1]).toBe(address);
  });

  it('leads to no line of a Dockerfile that a script makes', async () => {
    const project = sampleProject('demo/app:latest', { prebuild: { script: 'make.sh', context: '.' } });
    expect(await pageOf({}, project)).not.toContain('Show the line');
  });

  it('says what changed since the last release', async () => {
    const text = seen(await pageOf());
    for (const part of [
      'What changed since the last release All as JSON Against the last release, build 00000000',
      '1 package updated openssl 3.0.14-1 → 3.0.15-1~deb12u1',
      '1 package added jq 1.6-2.1 amd64',
      '3 vulnerabilities fixed CVE-2026-1009 low in libc6',
      'Size in the registry: 46.5 MB, 1.2 MB more than before.',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('says that nothing changed, and what could not be compared', async () => {
    const same = { packages: samplePackages([]), sizeBytes: 5 };
    const comparison = compare(sampleComparison.against, same, same);
    const text = seen(await pageOf({ comparison: async () => comparison }));
    expect(text).toContain('The packages are the same. Size in the registry: 5 bytes, as before.');
    expect(text).toContain('Not compared: There is no scan of the released image.');
  });

  it('says of records that make no sense that they cannot be read, and shows the rest', async () => {
    const unreadable = () => Promise.reject(new InvalidInputError('garbage'));
    const text = seen(await pageOf({ scan: unreadable, scanners: unreadable, comparison: unreadable }));
    expect(text).toContain('The record of the scan cannot be read.');
    expect(text).toContain('What the scanners left cannot be read.');
    expect(text).toContain('Verdict: blocked');
  });

  it.each<[string, Partial<Build>, string[]]>([
    ['has no image', { candidate: undefined }, []],
    [
      'is being scanned',
      { stages: { scan: { status: 'running', startedAt: build.createdAt } }, changes: undefined },
      ['scanners'],
    ],
    ['is the first of its project', { changes: undefined }, ['scan', 'scanners']],
    ['has all', {}, ['scan', 'scanners', 'comparison']],
  ])('reads no record that a build does not have: one that %s', async (_, over, expected) => {
    const asked: string[] = [];
    const ask = (name: string) => async (): Promise<undefined> => void asked.push(name);
    const site = sampleSite({
      builds: [{ ...build, ...over }],
      records: { scan: ask('scan'), scanners: ask('scanners'), comparison: ask('comparison') },
    });
    expect((await site(`/builds/${build.id}`)).statusCode).toBe(200);
    expect(asked).toEqual(expected);
  });
});

describe('what a stranger wrote', () => {
  const evil = '<script>alert(1)</script>"\'&\u202e\u0000\u001b[31m\n</td>';
  const shown = '<script>alert(1)</script>"\'& \\u202e</td><img src=x onerror=alert(1)>';

  it('is text on the page, whatever it says', async () => {
    const finding: Finding = {
      id: evil,
      severity: 'HIGH',
      package: evil,
      installed: evil,
      fixed: evil,
      title: evil,
      url: 'javascript:alert(1)',
    };
    const reports: ScannerReport[] = [
      {
        scanner: 'package-updates',
        state: 'complete',
        findings: [{ name: shown, installed: shown, available: shown }],
        total: 1,
        seconds: 1,
        tool: shown,
      },
      { scanner: 'language-updates', state: 'failed', reason: shown, findings: [], total: 0, seconds: 1 },
      {
        scanner: 'capabilities',
        state: 'complete',
        findings: [{ label: 'RUN', kind: 'host-path', value: shown }],
        total: 1,
        seconds: 1,
      },
      {
        scanner: 'file-integrity',
        state: 'complete',
        findings: [{ path: shown, problems: ['size'], package: shown, vendor: shown, signature: shown }],
        total: 1,
        seconds: 1,
      },
      {
        scanner: 'dockerfile-lint',
        state: 'complete',
        findings: [{ rule: shown, level: 'error', line: 1, message: shown, url: 'javascript:alert(1)' }],
        total: 1,
        seconds: 1,
      },
      {
        scanner: 'user-test',
        state: 'complete',
        findings: [{ script: shown, exitCode: 1, lastLines: [shown] }],
        total: 1,
        seconds: 1,
      },
    ];
    const before = {
      packages: samplePackages([]),
      scan: { state: 'complete' as const, findings: [] },
      scanners: { version: 1 as const, reports: [] },
      sizeBytes: 1,
    };
    const comparison = compare({ ...sampleComparison.against, build: evil, ref: `refs/heads/${evil}` }, before, {
      ...before,
      scan: { state: 'complete', findings: [finding] },
    });
    const exceptions = [{ id: evil, reason: evil, owner: evil, expires: '2027-02-01' }];
    const text = await pageOf(
      {
        scan: async () => ({ state: 'complete', findings: [finding], scanner: 'basic' }),
        scanners: async () => ({ version: 1, reports }),
        comparison: async () => comparison,
      },
      sampleProject('demo/app:latest', { exceptions, dockerfile: '../"><script>' }),
    );
    expect(text).not.toMatch(/<script>|<img|javascript:|\u202e|(?![\n])\p{Cc}/u);
    expect(text.split('id="vulnerabilities"')[1]?.match(/<\/td>/g)).toHaveLength(5);
    expect(text).toContain('&lt;script&gt;');
  });

  it('is JSON in the API, of a type that no browser takes for a page', async () => {
    const site = siteOf({
      scan: async () => ({
        state: 'complete',
        findings: [{ id: evil, severity: 'HIGH', package: evil, installed: evil }],
      }),
    });
    const { headers, text } = await site(`/api/v1/builds/${build.id}/findings`);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    expect(JSON.parse(text).items[0].id).toBe(evil);
  });
});

describe('the JSON of what was found', () => {
  const ask = async (path: string, over: Partial<RecordReader> = {}) => {
    const answer = await siteOf(over)(`/api/v1/builds/${build.id}/${path}`);
    return { status: answer.statusCode, body: JSON.parse(answer.text), whole: JSON.stringify(answer.body) };
  };

  it('gives the vulnerabilities, the worst first, page by page and each once', async () => {
    const first = await ask('findings?limit=100');
    expect(first.body).toMatchObject({ state: 'complete', scanner: 'enhanced', total: 240 });
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await ask(`findings?limit=100&cursor=${encodeURIComponent(cursor)}`);
      ids.push(...body.items.map(({ id }: Finding) => id));
      cursor = body.cursor;
    }
    expect(ids).toHaveLength(240);
    expect(new Set(ids)).toEqual(new Set(sampleFindings(240).map(({ id }) => id)));
  });

  it('gives what each scanner says, with the texts, and all findings of one', async () => {
    const { body } = await ask('scanners');
    expect(body.items).toHaveLength(7);
    expect(body.items[0]).toMatchObject({
      scanner: 'package-updates',
      state: 'complete',
      reason: null,
      tool: 'apt 2.6.1',
      total: 2,
    });
    expect(body.items[0].findings[0]).toEqual({
      id: 'openssl',
      sentence: 'openssl 3.0.15-1~deb12u1 has a security update to 3.0.17-1~deb12u3',
      remedy: expect.any(String),
      finding: expect.objectContaining({ security: true }),
      accepted: null,
    });
    expect((await ask('scanners/dockerfile-lint')).body).toMatchObject({
      scanner: 'dockerfile-lint',
      total: 1,
      cursor: null,
      items: [{ id: 'DL3008' }],
    });
  });

  it('says of each finding who accepts it', async () => {
    const site = siteOf({}, sampleProject('demo/app:latest', { exceptions: accepting }));
    const items = async (path: string) => JSON.parse((await site(`/api/v1/builds/${build.id}/${path}`)).text).items;
    expect((await items('findings'))[0]).toMatchObject({
      id: 'CVE-2026-1000',
      accepted: { by: 'the exception of shop team', reason: 'The parser is not reached', expires: '2027-02-01' },
    });
    expect((await items('findings'))[1].accepted).toBeNull();
    expect((await items('scanners/dockerfile-lint'))[0].accepted).toMatchObject({ expires: '2027-02-02' });
  });

  it('gives the comparison and the packages', async () => {
    expect(comparisonSchema.parse((await ask('comparison')).body)).toEqual(sampleComparison);
    expect((await ask('packages')).body).toEqual({
      state: 'read',
      distribution: { id: 'debian', version: '12' },
      manager: 'dpkg',
      architecture: 'amd64',
      items: [{ name: 'openssl', version: '3.0.15-1~deb12u1', architecture: 'amd64' }],
      total: 1,
      cursor: null,
    });
    const none = async () => ({ version: 1 as const, contents: { state: 'none' as const } });
    expect((await ask('packages', { packages: none })).body).toMatchObject({ state: 'none', items: [], total: 0 });
  });

  it.each(['findings', 'scanners', 'scanners/user-test', 'comparison', 'packages'])(
    'has no %s of a build without',
    async (path) => {
      const nothing = async () => undefined;
      const { status, body } = await ask(path, {
        scan: nothing,
        scanners: nothing,
        comparison: nothing,
        packages: nothing,
      });
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 'RecordNotFound', detail: expect.stringContaining(build.id) });
    },
  );

  it.each([
    ['findings?limit=0', 400, 'InvalidLimit'],
    ['findings?limit=1001', 400, 'InvalidLimit'],
    ['findings?cursor=100.forged', 400, 'InvalidCursor'],
    ['scanners/no-such', 404, 'ScannerNotFound'],
  ])('refuses %s', async (path, status, code) => {
    expect(await ask(path)).toMatchObject({ status, body: { code } });
  });

  it('says that a record cannot be read', async () => {
    const scan = () => Promise.reject(new InvalidInputError('garbage'));
    expect(await ask('findings', { scan })).toMatchObject({
      status: 500,
      body: { code: 'RecordUnreadable' },
    });
  });

  it('never is longer than a function may answer, however much was found', async () => {
    const path = `/${'"'.repeat(998)}`;
    const files: ScannerReports = {
      version: 1,
      reports: [
        {
          scanner: 'file-integrity',
          state: 'complete',
          findings: Array.from({ length: mostFindings }, () => ({
            path,
            problems: ['size'],
            package: '"'.repeat(200),
          })),
          total: 1_000_000,
          seconds: 1,
        },
      ],
    };
    const many = { scanners: async () => files };
    for (const each of ['scanners', 'scanners/file-integrity']) {
      expect((await ask(each, many)).whole.length).toBeLessThan(longestAnswer);
    }
    const { body } = await ask('scanners/file-integrity', many);
    expect(body.total).toBe(1_000_000);
    expect(body.items.length).toBeGreaterThan(100);
    expect(body.cursor).toBeTypeOf('string');
    expect((await pageOf(many)).length).toBeLessThan(1_000_000);
  });
});
