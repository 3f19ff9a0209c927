import { describe, expect, it } from 'vitest';
import { PushFailedError } from '../../../builder/errors.ts';
import { readIndex } from '../../../core/index/read-index.ts';
import * as written from '../../../core/mail/build-mail.ts';
import { indexDiagnosticsMail as writtenDiagnosticsMail } from '../../../core/mail/index-mail.ts';
import { mailDetailsOf } from '../../../core/mail/mailed-end.ts';
import type { Build } from '../../../core/model/build.ts';
import type { Comparison } from '../../../core/releases/image-diff.ts';
import type { ScannerReports } from '../../../core/scanners/report.ts';
import { sampleComparison, sampleReports } from '../../site/sample-records.ts';
import { asRead, type ReadMail } from './as-read.ts';

const blockedMail = asRead(written.blockedMail);
const buildMail = asRead(written.buildMail);
const failedMail = asRead(written.failedMail);
const indexDiagnosticsMail = asRead(writtenDiagnosticsMail);
const releasedMail = asRead(written.releasedMail);

const siteUrl = 'https://slipway.example.org';
const commit = '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d';
const digest = `sha256:${'ab'.repeat(32)}`;
const build: Build = {
  id: '00000000000000aa',
  project: 'demo/app:latest',
  status: 'released',
  cause: { type: 'push', delivery: 'd', ref: 'refs/heads/main', commit, pusher: 'alex' },
  commit,
  ref: 'refs/heads/main',
  sourceUrl: 'https://github.com/demo/app.git',
  notifyEmail: ['owner@example.org'],
  sequence: 3,
  createdAt: '2026-11-21T01:16:42.000Z',
  endedAt: '2026-11-21T01:17:54.000Z',
  stages: {},
  image: {
    repository: 'registry.example.org/demo/app',
    digest,
    tags: ['build-20261121T011642Z-1a2b3c4', 'latest', 'main'],
  },
  verdict: { outcome: 'pass', reasons: [], counts: { LOW: 3 } },
};
const { image, ...imageless } = build;
const blocked: Build = {
  ...imageless,
  status: 'blocked',
  verdict: {
    outcome: 'block',
    reasons: ['CVE-2024-0001 (CRITICAL) in libdemo 1.0-1: update it to 1.0-2.'],
    counts: { CRITICAL: 1 },
  },
};
const failed: Build = {
  ...imageless,
  status: 'failed',
  failure: { error: 'DockerfileFailedError', message: 'Step RUN make ended with exit code 2.' },
};

/** The words of either part, without markup and line breaks. */
function words(mail: ReadMail): { text: string; html: string } {
  const html = mail.html
    .replace(/<style[\s\S]*?<\/style>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
  return { text: mail.text.replace(/\s+/g, ' '), html: html.replace(/\s+/g, ' ') };
}

describe('a success after failures', () => {
  const fixed = { from: 'failed', since: '2026-11-20T10:00:00.000Z', failures: 3 } as const;

  it('says so, and since when it failed', () => {
    const mail = releasedMail(build, siteUrl, { fixed });
    expect(mail.subject).toContain('[slipway] FIXED: demo/app:latest');
    expect(mail.headers['X-Slipway-Status']).toBe('fixed');
    expect(words(mail).text).toContain('the first success after 3 builds that failed or were blocked');
  });

  it.each([
    ['failed', true],
    ['released', true],
    ['blocked', false],
  ] as const)('is told to who hears of builds that are %s: %s', (each, sent) => {
    expect(buildMail({ ...build, notify: [each] }, siteUrl, { fixed }) !== undefined).toBe(sent);
  });

  it('is told although the image is the released one', () => {
    const { subject, text } = buildMail({ ...build, status: 'unchanged' }, siteUrl, { fixed }) ?? {
      subject: '',
      text: '',
    };
    expect(subject).toContain('FIXED');
    expect(text.replace(/\s+/g, ' ')).toContain('the one that is released already');
  });
});

describe('nobody gets a mail', () => {
  it('about a pull request: its commit shows its state', () => {
    const cause = { type: 'pull-request', delivery: 'd', number: 7, commit, author: 'alex' } as const;
    for (const ended of [blocked, failed]) expect(buildMail({ ...ended, cause }, siteUrl)).toBeUndefined();
  });

  it.each([
    [['failed'], build, false],
    [['failed', 'blocked'], blocked, true],
    [['released'], failed, false],
    [[], failed, false],
    [undefined, build, true],
  ] as const)('about an end that the entry does not want to hear of: notify %j', (notify, ended, sent) => {
    const mail = buildMail({ ...ended, ...(notify ? { notify: [...notify] } : {}) }, siteUrl);
    expect(mail !== undefined).toBe(sent);
  });
});

describe('every mail about a build', () => {
  it.each([releasedMail(build, siteUrl), blockedMail(blocked, siteUrl), failedMail(failed, siteUrl)])(
    '$subject says what, why, from what and where to look, as text and as HTML',
    (mail) => {
      const { text, html } = words(mail);
      for (const part of [
        'demo/app:latest',
        'Push of commit 1a2b3c4 to branch main by alex',
        commit,
        '2026-11-21 01:16:42 UTC, took 1 min 12 s',
        'notify-email',
      ]) {
        expect(text).toContain(part);
        expect(html).toContain(part);
      }
      for (const address of [
        `${siteUrl}/builds/${build.id}`,
        `${siteUrl}/builds/${build.id}/log`,
        `https://github.com/demo/app/commit/${commit}`,
      ]) {
        expect(mail.text).toContain(address);
        expect(mail.html).toContain(`href="${address}"`);
      }
      expect(mail.headers).toMatchObject({
        'X-Slipway-Build': build.id,
        'X-Slipway-Project': 'demo/app:latest',
        'X-Slipway-Status': expect.any(String),
      });
    },
  );

  it('is recognised by its subject', () => {
    expect([build, blocked, failed].map((each) => buildMail(each, siteUrl)?.subject)).toEqual([
      '[slipway] RELEASED: demo/app:latest (main 1a2b3c4)',
      '[slipway] BLOCKED: demo/app:latest (main 1a2b3c4)',
      '[slipway] FAILED: demo/app:latest (main 1a2b3c4)',
    ]);
  });

  it('links the index where its address is known', () => {
    expect(releasedMail(build, siteUrl, { indexUrl: 'https://github.com/demo/index' }).html).toContain(
      'href="https://github.com/demo/index"',
    );
  });
});

it.each(['superseded', 'unchanged', 'cancelled', 'building'] as const)(
  'nobody gets a mail about a build that is %s',
  (status) => {
    expect(buildMail({ ...build, status }, siteUrl)).toBeUndefined();
  },
);

it('a release comes with the command that gets it, its tags and its digest', () => {
  const { text, html } = words(releasedMail(build, siteUrl));
  for (const part of [
    'docker pull registry.example.org/demo/app:latest',
    digest,
    'build-20261121T011642Z-1a2b3c4, latest, main',
    'passed: 3 low',
  ]) {
    expect(text).toContain(part);
    expect(html).toContain(part);
  }
});

it('names who wrote the commit and what for, without a mail address, a header of its own or markup', () => {
  const authored = { by: 'Ada <b>L</b> ada@example.org', subject: 'Count\r\nBcc: x@example.org <script>' };
  const mail = failedMail({ ...failed, authored }, siteUrl);
  const { text } = words(mail);
  expect(text).toContain('Author Ada: Count Bcc: x@example.org <script>');
  expect(mail.html).toContain('&lt;script&gt;');
  expect(mail.text + mail.html).not.toContain('ada@example.org');
});

describe('a release with changes', () => {
  const warnings = Array.from({ length: 7 }, (_, number) => `package-updates: demo ${number} has an update.`);
  const warned: Build = { ...build, verdict: { outcome: 'pass', reasons: [], warnings, counts: { LOW: 3 } } };

  it('names what changed since the last one', () => {
    const { text, html } = words(releasedMail(build, siteUrl, { comparison: sampleComparison }));
    for (const part of [
      'What changed since the last release',
      '1 package updated: openssl 3.0.14-1 → 3.0.15-1~deb12u1',
      '1 package added: jq 1.6-2.1',
      '1 package removed: wget',
      '3 vulnerabilities fixed: CVE-2026-1009 (LOW) in libc6, ',
      '1 vulnerability newly known, in packages that did not change: CVE-2026-1002 (MEDIUM) in curl',
      'size: 46.5 MB, 1.2 MB more than before',
    ]) {
      expect(text).toContain(part);
      expect(html).toContain(part);
    }
  });

  it('says of what it was compared with where that is another branch, and that nothing changed', () => {
    const comparison: Comparison = {
      version: 1,
      against: { ...sampleComparison.against, ref: 'refs/heads/main' },
      scanners: [],
      leftOut: [],
    };
    const tagged = { ...build, ref: 'refs/tags/v1.0.0' };
    expect(words(releasedMail(tagged, siteUrl, { comparison })).text).toContain(
      'What changed since the last release of branch main: - Nothing: the packages,',
    );
  });

  it('has the first warnings and the number of the others', () => {
    const { text } = words(releasedMail(warned, siteUrl));
    expect(text).toContain('Warnings: - package-updates: demo 0 has an update.');
    expect(text).toContain('demo 4 has an update. - and 2 more: see the page of the build');
    expect(text).not.toContain('demo 5');
    expect(text).toContain('passed with 7 warnings: 3 low');
  });
});

describe('a blocked image', () => {
  const exceptable = [{ id: 'CVE-2024-0001', package: 'libdemo' }];
  const excepted = (first: { id: string; package?: string }): Build => ({
    ...blocked,
    verdict: { outcome: 'block', reasons: ['A reason.'], counts: {}, exceptable: [first] },
  });

  it('shows how the index accepts a finding, in a form that the index takes', async () => {
    const { text, html } = blockedMail(
      { ...blocked, verdict: { outcome: 'block', reasons: ['A reason.'], counts: { HIGH: 1 }, exceptable } },
      siteUrl,
    );
    const example = [
      'exceptions:',
      '  - id: CVE-2024-0001',
      '    package: libdemo',
      '    reason: why it does no harm here',
      '    owner: who answers for that',
      '    expires: 2027-02-19',
    ];
    expect(html).toContain(example.join('\n'));
    expect(text).toContain(example.map((line) => `    ${line}`).join('\n'));
    const entry = [
      'Projects:',
      '  - id: 1',
      '    app-id: demo',
      '    job-id: app',
      '    git-url: https://github.com/demo/app',
      '    git-branch: main',
      '    git-path: /',
      '    target-file: Dockerfile',
      '    desired-tag: latest',
      '    notify-email: owner@example.org',
      '    depends-on: null',
      ...example.map((line) => `    ${line}`),
    ];
    const { diagnostics, projects } = readIndex([{ path: 'index.d/demo.yml', text: entry.join('\n') }], {
      now: new Date(build.createdAt),
    });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(projects[0]?.exceptions?.[0]).toMatchObject({ id: 'CVE-2024-0001', package: 'libdemo' });
  });

  it.each([
    ['/usr/bin/passwd', '/usr/bin/passwd'],
    ['pip:requests', 'pip:requests'],
    ['host-path:/var/run/docker.sock', 'host-path:/var/run/docker.sock'],
    ['yes', '"yes"'],
    ['1.0', '"1.0"'],
    ['- x: [', '"- x: ["'],
    ['a"b # c', '"a\\"b # c"'],
    ['x\nowner: everybody', '"x owner: everybody"'],
  ])('whose finding is called %j is excepted as %s', (id, written) => {
    expect(blockedMail(excepted({ id }), siteUrl).text).toContain(`  - id: ${written}\n`);
  });

  it('by what no exception helps against shows none', () => {
    expect(blockedMail(blocked, siteUrl).text).not.toContain('exceptions:');
  });

  it('whose test failed comes with what the test printed last', () => {
    const { text, html } = blockedMail(blocked, siteUrl, { scanners: sampleReports });
    expect(text).toContain(
      'The last lines of tests/smoke.sh:\n\n  | checking the port\n  | expected 200, got 503\n  | <b>not bold</b>\n',
    );
    expect(html).toContain('expected 200, got 503\n&lt;b&gt;not bold');
  });

  it('comes with the reasons and what would make it pass', () => {
    const { text } = words(blockedMail(blocked, siteUrl));
    expect(text).toContain('CVE-2024-0001 (CRITICAL) in libdemo 1.0-1: update it to 1.0-2.');
    expect(text).toContain('blocked: 1 critical');
    expect(text).toContain('To get it released, fix every reason listed here');
  });

  it('without a scan says that a scan is what it needs', () => {
    const unscanned: Build = {
      ...blocked,
      verdict: { outcome: 'block', reasons: ['The scan did not end in time.'], counts: {} },
    };
    expect(words(blockedMail(unscanned, siteUrl)).text).toContain(
      'To get it released, the image needs a complete scan',
    );
  });

  it('with very many reasons names the first twenty and the number of the others', () => {
    const many: Build = {
      ...blocked,
      verdict: {
        outcome: 'block',
        reasons: Array.from({ length: 51 }, (_, number) => `Reason ${number}.`),
        counts: { HIGH: 51 },
      },
    };
    const { text } = words(blockedMail(many, siteUrl));
    expect(text).toContain('Reason 19. - and 31 more');
    expect(text).not.toContain('Reason 20.');
  });
});

describe('a failed build', () => {
  it('comes with its reason and the last lines of its log, without colours', () => {
    const logTail = `${Array.from({ length: 100 }, (_, number) => `line ${number}`).join('\n')}\n\u001b[31mmake: *** Error 2\u001b[0m\n`;
    const { text, html } = failedMail(failed, siteUrl, { logTail });
    for (const part of [text, html]) {
      expect(part).toContain('Step RUN make ended with exit code 2.');
      expect(part).toContain('make: *** Error 2');
      expect(part).toContain('line 99');
      expect(part).not.toContain('line 69\n');
      expect(part).not.toContain('\u001b');
      expect(part.indexOf(`${siteUrl}/builds/${build.id}/log`)).toBeLessThan(part.indexOf('line 99'));
    }
  });

  it('shows the lines before its error, which it says once', () => {
    const message = 'RUN make failed.\nIts last lines:\nmake: *** Error 2';
    const logTail = `==> build (2026-11-21T01:16:44Z, +1.4 s)\n==> failed (\nmake: *** Error 2\n==> failed (2026-11-21T01:16:45Z, +2.4 s)\nError:\n${message}\n`;
    const { text } = failedMail({ ...failed, failure: { error: 'Error', message } }, siteUrl, { logTail });
    expect(text).toContain('\n\nRUN make failed.\n\nNothing was released');
    expect(text.split('make: *** Error 2')).toHaveLength(2);
    expect(text).toContain('  | ==> failed (\n  | make: *** Error 2\n\n');
  });

  it('without a log says with its reason what was printed last', () => {
    const failure = { error: 'Error', message: 'RUN make failed.\nIts last lines:\nmake: *** Error 2' };
    expect(failedMail({ ...failed, failure }, siteUrl).text).toContain('Its last lines: make: *** Error 2');
  });

  it('that the project has no part in says so once, and how it is built again', () => {
    const { name: error, message } = new PushFailedError('The registry did not take the image.');
    const { text } = words(failedMail({ ...failed, failure: { error, message } }, siteUrl));
    expect(text).toContain('Nothing is wrong with the Dockerfile: have the build started again.');
    expect(text).not.toMatch(/needs to be corrected|a commit that fixes it/);
    expect(text).toContain('Push any commit, or have it built again: slipway build demo/app:latest');
  });

  it('is reported even if no reason is recorded', () => {
    const { failure, ...reasonless } = failed;
    expect(words(failedMail(reasonless, siteUrl)).text).toContain('The build record does not say why');
  });
});

describe('values from outside', () => {
  const hostile = 'x\r\nBcc: everyone@example.org\r\n\r\n<script>alert(1)</script>"\u202e\u0000';
  const long = 'w'.repeat(1_000_000);

  it.each([hostile, long])('neither break a header nor become markup', (value) => {
    const evil: Build = {
      ...build,
      project: `demo/${value}:latest`,
      ref: `refs/heads/${value}`,
      commit: value,
      sourceUrl: value,
      cause: { type: 'push', delivery: value, ref: value, commit: value, pusher: value },
      image: { repository: value, digest: value, tags: Array.from({ length: 500 }, () => value) },
      verdict: {
        outcome: 'block',
        reasons: Array.from({ length: 500 }, () => value),
        warnings: Array.from({ length: 500 }, () => value),
        counts: { [value]: 1 },
        exceptable: [{ id: value, package: value }],
      },
      failure: { error: value, message: value },
    };
    const change = { name: value, architecture: value, version: value, before: value, after: value };
    const list = { items: Array.from({ length: 500 }, () => change), total: 500 };
    const defects = { items: [{ id: value, package: value, severity: 'HIGH' as const }], total: 1 };
    const comparison: Comparison = {
      version: 1,
      against: { build: value, ref: value, digest: value, releasedAt: value },
      packages: { added: list, removed: list, updated: list },
      vulnerabilities: { fixed: defects, introduced: defects, learnt: defects },
      leftOut: [{ part: 'size', reason: value }],
    };
    const scanners: ScannerReports = {
      version: 1,
      reports: [
        {
          scanner: 'user-test',
          state: 'complete',
          findings: [{ script: value, exitCode: 1, lastLines: Array.from({ length: 20 }, () => value) }],
          total: 1,
          seconds: 1,
        },
      ],
    };
    for (const mail of [
      releasedMail(evil, siteUrl, { comparison }),
      blockedMail(evil, siteUrl, { comparison, scanners }),
      failedMail(evil, siteUrl, { logTail: value }),
    ]) {
      for (const header of [mail.subject, mail.topic, ...Object.values(mail.headers)]) {
        expect(header).not.toMatch(/[\p{Cc}\u202e]/u);
        expect(header.length).toBeLessThanOrEqual(200);
      }
      expect(mail.html).not.toContain('<script');
      expect(mail.html + mail.text).not.toMatch(/[\u202e\r]|(?![\t\n])\p{Cc}/u);
      expect(mail.html.length + mail.text.length).toBeLessThan(200_000);
    }
  });

  it('an address that is no web address is no link', () => {
    const mail = releasedMail({ ...build, sourceUrl: 'javascript:alert(1)' }, siteUrl, {
      indexUrl: 'javascript:alert(1)',
    });
    expect(mail.html).not.toContain('href="javascript');
  });
});

describe('the mail to the operators about an index', () => {
  const problem = {
    file: 'index.d/demo.yml',
    line: 12,
    column: 3,
    severity: 'error' as const,
    code: 'missing-key' as const,
    entry: 'demo/app:latest',
    message: 'The key "git-url" is missing or empty.',
  };

  it('names file, line, entry and what is wrong', () => {
    const mail = indexDiagnosticsMail({
      repository: 'demo/index',
      indexUrl: 'https://github.com/demo/index',
      commit,
      errors: [problem],
      siteUrl,
    });
    expect(mail.subject).toBe('[slipway] INDEX: 1 error in demo/index (1a2b3c4)');
    expect(words(mail).text).toContain(
      'index.d/demo.yml:12:3: demo/app:latest: The key "git-url" is missing or empty.',
    );
    const line = `https://github.com/demo/index/blob/${commit}/index.d/demo.yml#L12`;
    expect(mail.text).toContain(line);
    expect(mail.html).toContain(`href="${line}"`);
    expect(words(mail).text).toContain('Nothing was removed.');
    expect(mail.html).toContain(`https://github.com/demo/index/commit/${commit}`);
  });

  it('reports an index without projects', () => {
    expect(
      indexDiagnosticsMail({
        repository: 'demo/index',
        indexUrl: 'https://github.com/demo/index',
        commit,
        errors: [],
        siteUrl,
      }).subject,
    ).toBe('[slipway] INDEX: no projects in demo/index (1a2b3c4)');
  });
});

describe('what a mail shows beside the record', () => {
  const push = { type: 'push', delivery: 'd', ref: 'refs/heads/main', commit, pusher: 'p' } as const;
  const pullRequest = { type: 'pull-request', delivery: 'd', number: 1, commit, author: 'a' } as const;
  it.each([
    ['released', push, undefined, ['comparison']],
    ['blocked', push, undefined, ['comparison', 'scanners']],
    ['failed', push, undefined, ['log']],
    ['failed', push, ['failed' as const], ['log']],
    ['failed', push, ['released' as const], undefined],
    ['failed', pullRequest, undefined, undefined],
    ['superseded', push, undefined, undefined],
    ['unchanged', push, undefined, undefined],
    ['cancelled', push, undefined, undefined],
  ] as const)('about a build that ended as %s, caused by %o, with notify %j', (status, cause, notify, details) => {
    expect(mailDetailsOf({ status, cause, notify: notify && [...notify] })).toEqual(details);
  });
});
