import { describe, expect, it } from 'vitest';
import type { Exception } from '../../../core/model/exception.ts';
import type { Finding, Scan } from '../../../core/model/findings.ts';
import { defaultPolicy, type Policy } from '../../../core/model/policy.ts';
import type { VexStatement } from '../../../core/model/vex.ts';
import { type Evidence, judge, type Rules } from '../../../core/policy/verdict.ts';
import { parsePurl } from '../../../core/sbom/purl.ts';
import { type ScannerReport, type ScannerReports, scannerNames } from '../../../core/scanners/report.ts';

const finding = (severity: Finding['severity'], over: Partial<Finding> = {}): Finding => ({
  id: 'CVE-2026-0001',
  severity,
  package: 'openssl',
  installed: '3.0.1-1',
  ...over,
});
const complete = (...findings: Finding[]): Scan => ({ state: 'complete', findings });
/** Reports in which each scanner has looked and found nothing, but for those that are given. */
const reports = (...given: ScannerReport[]): ScannerReports => ({
  version: 1,
  reports: scannerNames.map(
    (scanner) =>
      given.find((report) => report.scanner === scanner) ??
      ({ scanner, state: 'complete', findings: [], total: 0, seconds: 1 } as ScannerReport),
  ),
});
const policyWith = (over: Partial<Policy> = {}, scanners: Partial<Policy['scanners']> = {}): Policy => ({
  ...defaultPolicy,
  ...over,
  scanners: { ...defaultPolicy.scanners, ...scanners },
});
const now = new Date('2026-11-21T12:00:00Z');
const verdictOn = (evidence: Partial<Evidence>, rules: Partial<Rules> = {}, at = now) =>
  judge({ scan: complete(), scanners: reports(), ...evidence }, { policy: policyWith(), ...rules }, at);
const onFindings = (findings: Finding[], rules: Partial<Rules> = {}, at = now) =>
  verdictOn({ scan: complete(...findings) }, rules, at);

describe('of vulnerabilities', () => {
  it('an image without any passes', () => {
    expect(onFindings([])).toEqual({ outcome: 'pass', reasons: [], counts: {} });
  });

  const order = ['INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
  it.each(
    order.flatMap((limit) =>
      order.map((severity) => [limit, severity, order.indexOf(severity) > order.indexOf(limit)]),
    ),
  )('where %s is allowed, one of %s blocks: %s', (limit, severity, isBlocked) => {
    const policy = policyWith({ maxSeverity: limit as Finding['severity'] });
    const { outcome, reasons } = onFindings([finding(severity as Finding['severity'], { fixed: '2' })], { policy });
    expect({ outcome, reasons: reasons.length }).toEqual(
      isBlocked ? { outcome: 'block', reasons: 1 } : { outcome: 'pass', reasons: 0 },
    );
  });

  it.each([
    ['MEDIUM', 'pass'],
    ['LOW', 'block'],
  ] as const)('one that nobody rated counts as MEDIUM: where %s is allowed, %s', (maxSeverity, outcome) => {
    expect(onFindings([finding('UNDEFINED')], { policy: policyWith({ maxSeverity }) }).outcome).toBe(outcome);
  });

  it.each([
    ['weaker', 'CRITICAL', { fixed: '3.0.2' }, 'block'],
    ['weaker', 'CRITICAL', {}, 'pass'],
    ['weaker', 'CRITICAL', { fixAvailable: 'YES' }, 'block'],
    ['weaker', 'CRITICAL', { fixAvailable: 'NO' }, 'pass'],
    ['stricter', 'LOW', {}, 'block'],
    ['stricter', 'LOW', { fixed: '3.0.2' }, 'pass'],
  ] as const)('a %s limit for what no newer version fixes: %s with %j is %s', (kind, severity, over, outcome) => {
    const maxUnfixableSeverity = kind === 'weaker' ? 'CRITICAL' : 'INFORMATIONAL';
    expect(onFindings([finding(severity, over)], { policy: policyWith({ maxUnfixableSeverity }) }).outcome).toBe(
      outcome,
    );
  });

  it('each reason says the finding, the package, the versions and the way out, the worst first', () => {
    const verdict = onFindings([
      finding('HIGH', { id: 'CVE-1' }),
      finding('CRITICAL', { id: 'CVE-2', fixed: '3.0.2' }),
    ]);
    expect(verdict.reasons).toEqual([
      'CVE-2 (CRITICAL) in openssl 3.0.1-1: the policy allows MEDIUM at most; update it to 3.0.2 in the Dockerfile, or build on a newer base image that has it.',
      'CVE-1 (HIGH) in openssl 3.0.1-1: the policy allows MEDIUM at most; no fixed version is known yet: remove the package, build on another base image, or have the index accept it as an exception.',
    ]);
    expect(verdict.counts).toEqual({ HIGH: 1, CRITICAL: 1 });
  });

  it('ten thousand are kept to a readable number of reasons, and the rest is counted by kind', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => finding('HIGH', { id: `CVE-2026-${at}` }));
    const updates: ScannerReport = {
      ...update('openssl'),
      findings: [{ name: 'openssl', installed: '1', available: '2' }],
    };
    const verdict = verdictOn(
      { scan: complete(...many), scanners: reports(updates) },
      { policy: policyWith({}, { 'package-updates': 'block' }) },
    );
    expect(verdict.reasons).toHaveLength(51);
    expect(verdict.reasons.at(-1)).toBe('9951 more reasons: 9950 vulnerabilities, 1 updates of packages.');
  });

  it('texts of a hostile database stay within one line each', () => {
    const { reasons } = onFindings([
      finding('HIGH', { id: 'CVE-1\nCVE-2', package: '\u001b[2Jx\u202e', installed: '1'.repeat(100_000) }),
    ]);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(reasons[0]?.length).toBeLessThan(1000);
  });
});

it('fits into the record of a build, whatever it has to say', () => {
  const wide = '\u{1f40b}'.repeat(500);
  const many = Array.from({ length: 100 }, (_, at) =>
    finding('CRITICAL', { id: `${at}${wide}`, package: wide, installed: wide, fixed: wide }),
  );
  const paths = Array.from({ length: 100 }, (_, at) => ({
    path: `/${at}${wide}`,
    problems: ['size' as const],
    package: wide,
  }));
  const changed: ScannerReport = {
    scanner: 'file-integrity',
    state: 'complete',
    findings: paths,
    total: 100,
    seconds: 1,
  };
  const exceptions = many.slice(0, 50).map(({ id }) => exceptionOf({ id, owner: wide, expires: '2026-11-22' }));
  const verdict = verdictOn({ scan: complete(...many), scanners: reports(changed) }, { exceptions });
  expect(verdict.reasons).toHaveLength(50);
  expect(verdict.warnings?.length).toBeGreaterThan(50);
  expect(Buffer.byteLength(JSON.stringify(verdict))).toBeLessThan(300_000);
});

describe('whatever the builder reports', () => {
  const vulnerabilities = [
    finding('CRITICAL', { id: 'CVE-2026-1', package: 'openssl' }),
    finding('CRITICAL', { id: 'CVE-2026-2', package: 'zlib' }),
    finding('LOW', { id: 'CVE-2026-3', package: 'bash' }),
  ];
  /** The index accepts one of them, and a finding of a scanner. */
  const accepted = (id: string): Exception => ({ id, reason: 'r', owner: 'o', expires: '2027-01-01' });
  const exceptions = [accepted('CVE-2026-1'), accepted('DL3006')];
  const every = (over: Partial<ScannerReport>) =>
    scannerNames.map((scanner) => ({ ...reportOf(scanner), ...over }) as ScannerReport);
  const reportOf = (scanner: string) => ({ scanner, state: 'complete', findings: [], total: 0, seconds: 1 });
  const lint = (id: string, count = 1) => ({
    ...reportOf('dockerfile-lint'),
    findings: Array.from({ length: count }, () => ({ rule: id, level: 'error', line: 1, message: 'x' })),
    total: count,
  });
  const tests = (count: number) => ({
    ...reportOf('user-test'),
    findings: Array.from({ length: count }, () => ({ script: 'CVE-2026-2', exitCode: 1, lastLines: [] })),
    total: count,
  });
  const forged: [string, unknown[] | 'missing' | 'unreadable'][] = [
    ['nothing', 'missing'],
    ['nonsense', 'unreadable'],
    ['an empty list', []],
    ['every scanner clean', every({})],
    ['every scanner twice', [...every({}), ...every({})]],
    ['nothing to scan anywhere', every({ state: 'not-applicable', reason: 'The image is unsupported.' })],
    ['every scanner failed', every({ state: 'failed', reason: 'The registry is wrong.' })],
    ['fewer findings than it lists', every({ total: -5 })],
    ['more findings than it lists', every({ total: Number.MAX_SAFE_INTEGER })],
    ['a finding under the id of a vulnerability', [lint('CVE-2026-2')]],
    ['a finding under the id of a waived vulnerability', [lint('CVE-2026-1')]],
    ['a thousand findings that are waived', [lint('DL3006', 1000)]],
    ['a thousand failed tests', [tests(1000)]],
  ];

  it.each(
    forged.flatMap(([name, evidence]) =>
      (['block', 'warn', 'ignore'] as const).map((response) => [name, response, evidence] as const),
    ),
  )('%s, under a policy that says %s: what the registry found counts in full', (_, response, evidence) => {
    const scanners = (Array.isArray(evidence) ? { version: 1, reports: evidence } : evidence) as Evidence['scanners'];
    const policy = policyWith({}, Object.fromEntries(scannerNames.map((name) => [name, response])));
    const before = verdictOn({ scan: complete(...vulnerabilities) }, { exceptions });
    const verdict = verdictOn({ scan: complete(...vulnerabilities), scanners }, { policy, exceptions });
    expect([verdict.outcome, verdict.counts]).toEqual(['block', before.counts]);
    const [shown] = before.reasons;
    // Fifty reasons are shown; of the rest, the last sentence says how many are vulnerabilities.
    expect(verdict.reasons.some((reason) => reason === shown || / 1 vulnerabilities/.test(reason))).toBe(true);
    for (const state of ['failed', 'timed-out', 'unsupported'] as const)
      expect(verdictOn({ scan: { state, findings: [] }, scanners }, { policy }).outcome).toBe('block');
    expect(verdictOn({ scan: undefined, scanners }, { policy }).outcome).toBe('block');
  });
});

describe('without a scan', () => {
  it.each(['block', 'warn'] as const)(
    'not even one that failed, an image is blocked, also where "unscannable: %s"',
    (unscannable) => {
      const verdict = verdictOn({ scan: undefined }, { policy: policyWith({ unscannable }) });
      expect(verdict).toEqual({
        outcome: 'block',
        reasons: [
          'The scan did not end in time; an image without a scan is not released. Push again to have it scanned again.',
        ],
        counts: {},
      });
    },
  );

  it.each([
    ['failed', 'block', 'block'],
    ['failed', 'warn', 'block'],
    ['timed-out', 'block', 'block'],
    ['timed-out', 'warn', 'block'],
    ['unsupported', 'block', 'block'],
    ['unsupported', 'warn', 'pass'],
  ] as const)('one that is %s, where the policy says "unscannable: %s": %s', (state, unscannable, outcome) => {
    const scan: Scan = { state, reason: 'the disk was full.', findings: [] };
    const verdict = verdictOn({ scan }, { policy: policyWith({ unscannable }) });
    expect(verdict.outcome).toBe(outcome);
    const listed = outcome === 'block' ? verdict.reasons : verdict.warnings;
    expect(listed).toEqual([expect.stringMatching(/the disk was full;.*\.$/)]);
  });

  it('an image that is let pass unscanned is blocked by all else nevertheless', () => {
    const scan: Scan = { state: 'unsupported', findings: [] };
    const rules = { policy: policyWith({ unscannable: 'warn' }) };
    expect(verdictOn({ scan, scanners: 'missing' }, rules).outcome).toBe('block');
  });

  it.each([undefined])('and without a policy nothing passes', (policy) => {
    const verdict = verdictOn({}, { policy });
    expect(verdict).toEqual({
      outcome: 'block',
      reasons: [expect.stringMatching(/^No complete policy applies/)],
      counts: {},
    });
  });
});

function update(name: string): ScannerReport & { scanner: 'package-updates' } {
  const findings = [{ name, installed: '3.0.1-1', available: '3.0.2-1', security: true }];
  return { scanner: 'package-updates', state: 'complete', findings, total: 1, seconds: 1 };
}

/** One finding of each scanner, and the id by which an exception accepts it. */
const found: [ScannerReport, string, string?][] = [
  [update('openssl'), 'openssl', 'openssl'],
  [
    {
      scanner: 'language-updates',
      state: 'complete',
      findings: [{ manager: 'pip', name: 'requests', installed: '2.0', available: '2.1' }],
      total: 1,
      seconds: 1,
    },
    'pip:requests',
    'requests',
  ],
  [
    {
      scanner: 'capabilities',
      state: 'complete',
      findings: [{ label: 'RUN', kind: 'privileged' }],
      total: 1,
      seconds: 1,
    },
    'privileged',
  ],
  [
    {
      scanner: 'file-integrity',
      state: 'complete',
      findings: [{ path: '/etc/foo', problems: ['digest'], package: 'foo' }],
      total: 1,
      seconds: 1,
    },
    '/etc/foo',
    'foo',
  ],
  [
    {
      scanner: 'dockerfile-lint',
      state: 'complete',
      findings: [{ rule: 'DL3006', level: 'warning', line: 1, message: 'Always tag the version' }],
      total: 1,
      seconds: 1,
    },
    'DL3006',
  ],
  [
    {
      scanner: 'user-test',
      state: 'complete',
      findings: [{ script: 'test.sh', exitCode: 1, lastLines: ['no'] }],
      total: 1,
      seconds: 1,
    },
    'test.sh',
  ],
];
const expires = '2027-02-01';
const exceptionOf = (over: Partial<Exception> = {}): Exception => ({
  id: 'CVE-2026-0001',
  reason: 'not reachable',
  owner: 'shop team',
  expires,
  ...over,
});

describe.each(found.map((each) => [each[0].scanner, ...each] as const))(
  'a finding of %s',
  (scanner, report, id, name) => {
    const under = (response: Policy['scanners'][typeof scanner], exceptions: Exception[] = []) =>
      verdictOn({ scanners: reports(report) }, { policy: policyWith({}, { [scanner]: response }), exceptions });

    it('blocks under "block", and says what would make it pass', () => {
      const { outcome, reasons, warnings } = under('block');
      expect({ outcome, warnings }).toEqual({ outcome: 'block' });
      expect(reasons).toEqual([
        expect.stringMatching(new RegExp(`^${scanner}: .*; .*accept ${id} as an exception\\.$`)),
      ]);
    });

    it('warns under "warn", and is not listed under "ignore"', () => {
      const { outcome, reasons, warnings } = under('warn');
      expect({ outcome, reasons }).toEqual({ outcome: 'pass', reasons: [] });
      expect(warnings).toEqual([expect.stringMatching(new RegExp(`^${scanner}: `))]);
      expect(under('ignore')).toEqual({ outcome: 'pass', reasons: [], counts: {} });
    });

    it('is accepted by its id, with its package or without, and by no other', () => {
      const accepted = { outcome: 'pass', reasons: [], counts: {}, accepted: 1 };
      expect(under('block', [exceptionOf({ id })])).toEqual(accepted);
      if (name) expect(under('block', [exceptionOf({ id, package: name })])).toEqual(accepted);
      expect(under('block', [exceptionOf({ id, package: 'other' })]).outcome).toBe('block');
      expect(under('block', [exceptionOf({ id: `${id}x` })]).outcome).toBe('block');
    });

    it.each([
      ['failed', 'block', 'block', 1, 0],
      ['timed-out', 'block', 'block', 1, 0],
      ['not-applicable', 'block', 'pass', 0, 0],
      ['failed', 'warn', 'pass', 0, 1],
      ['timed-out', 'warn', 'pass', 0, 1],
      ['not-applicable', 'warn', 'pass', 0, 0],
      ['failed', 'ignore', 'pass', 0, 0],
      ['timed-out', 'ignore', 'pass', 0, 0],
      ['not-applicable', 'ignore', 'pass', 0, 0],
    ] as const)('where the scanner is %s, under "%s": %s', (state, response, outcome, reasons, warnings) => {
      const empty = { ...report, state, reason: 'rpm hung', findings: [], total: 0 } as ScannerReport;
      const verdict = verdictOn({ scanners: reports(empty) }, { policy: policyWith({}, { [scanner]: response }) });
      expect(verdict.outcome).toBe(outcome);
      expect(verdict.reasons).toHaveLength(reasons);
      expect(verdict.warnings ?? []).toHaveLength(warnings);
      for (const listed of [...verdict.reasons, ...(verdict.warnings ?? [])]) expect(listed).toMatch(/rpm hung/);
    });

    it('cannot hide behind those that a report has no room for', () => {
      const cut = { ...report, total: 20_000 } as ScannerReport;
      const rules = { policy: policyWith({}, { [scanner]: 'block' }), exceptions: [exceptionOf({ id })] };
      const verdict = verdictOn({ scanners: reports(cut) }, rules);
      expect(verdict.reasons).toEqual([expect.stringMatching(/19999 more/)]);
    });

    it('counts although another report of the same scanner says that there is none', () => {
      const [first, ...rest] = reports().reports;
      const twice: ScannerReports = { version: 1, reports: [...(first ? [first] : []), ...rest, report] };
      expect(verdictOn({ scanners: twice }, { policy: policyWith({}, { [scanner]: 'block' }) }).outcome).toBe('block');
    });
  },
);

describe('of the scanners', () => {
  it.each(
    (['missing', 'unreadable'] as const).flatMap((scanners) =>
      (['block', 'warn', 'ignore'] as const).map((response) => [scanners, response] as const),
    ),
  )('a report that is %s, under "%s" for each of them', (scanners, response) => {
    const all = Object.fromEntries(scannerNames.map((name) => [name, response]));
    const verdict = verdictOn({ scanners }, { policy: policyWith({}, all) });
    const listed = response === 'block' ? verdict.reasons : (verdict.warnings ?? []);
    expect(verdict.outcome).toBe(response === 'block' ? 'block' : 'pass');
    expect(listed).toHaveLength(response === 'ignore' ? 0 : scannerNames.length);
    expect([...verdict.reasons, ...(verdict.warnings ?? [])]).toHaveLength(listed.length);
  });

  it('one that is not among the reports is missed', () => {
    const { reports: all } = reports();
    const without = { version: 1 as const, reports: all.filter(({ scanner }) => scanner !== 'user-test') };
    expect(verdictOn({ scanners: without })).toMatchObject({
      outcome: 'block',
      reasons: [expect.stringMatching(/^The scanner user-test left no report/)],
    });
  });

  it('a remark on the Dockerfile of level info is advice, whatever the policy says', () => {
    const lint = (level: 'error' | 'warning' | 'info'): ScannerReport => ({
      scanner: 'dockerfile-lint',
      state: 'complete',
      findings: [{ rule: 'DL3059', level, line: 3, message: 'Multiple consecutive RUN' }],
      total: 1,
      seconds: 1,
    });
    const policy = policyWith({}, { 'dockerfile-lint': 'block' });
    const outcomes = (['error', 'warning', 'info'] as const).map(
      (level) => verdictOn({ scanners: reports(lint(level)) }, { policy }).outcome,
    );
    expect(outcomes).toEqual(['block', 'block', 'pass']);
    expect(verdictOn({ scanners: reports(lint('info')) }, { policy }).warnings).toHaveLength(1);
  });

  it('of many findings that only warn, the first few are listed and the rest is counted', () => {
    const findings = Array.from({ length: 300 }, (_, at) => ({ name: `p${at}`, installed: '1', available: '2' }));
    const many: ScannerReport = { scanner: 'package-updates', state: 'complete', findings, total: 12_000, seconds: 1 };
    const { outcome, warnings } = verdictOn({ scanners: reports(many) });
    expect(outcome).toBe('pass');
    expect(warnings).toHaveLength(6);
    expect(warnings?.at(-1)).toBe('The scanner package-updates found 11995 more.');
  });
});

describe('an exception', () => {
  it('waives no scan, no scanner and no finding that a report does not list', () => {
    const exceptions = ['', ...scannerNames].map((id) => exceptionOf({ id }));
    const policy = policyWith({}, { 'package-updates': 'block', capabilities: 'block' });
    const cut: ScannerReport = { ...update('openssl'), findings: [], total: 3 };
    const silent: ScannerReport = { scanner: 'capabilities', state: 'failed', findings: [], total: 0, seconds: 1 };
    const { outcome, reasons } = verdictOn(
      { scan: { state: 'failed', findings: [] }, scanners: reports(cut, silent) },
      { policy, exceptions },
    );
    expect(outcome).toBe('block');
    expect(reasons).toHaveLength(3);
  });

  it('of a finding that the policy allows anyhow is counted, and listed before it ends', () => {
    const verdict = onFindings([finding('LOW')], { exceptions: [exceptionOf({ expires: '2026-11-22' })] });
    expect(verdict).toMatchObject({ outcome: 'pass', reasons: [], accepted: 1 });
    expect(verdict.warnings).toEqual([expect.stringMatching(/ends after 2026-11-22/)]);
  });

  const high = [finding('HIGH', { fixed: '3.0.2' })];

  it.each([
    ['on its last day', '2026-11-21T23:59:59Z', 'pass'],
    ['the day after', '2026-11-22T00:00:00Z', 'block'],
  ] as const)('counts in UTC, %s: %s', (_, at, outcome) => {
    expect(onFindings(high, { exceptions: [exceptionOf({ expires: '2026-11-21' })] }, new Date(at)).outcome).toBe(
      outcome,
    );
  });

  it('that has ended says when it did and whose it was', () => {
    const { reasons } = onFindings(high, { exceptions: [exceptionOf({ expires: '2026-11-20' })] });
    expect(reasons[0]).toBe(
      'CVE-2026-0001 (HIGH) in openssl 3.0.1-1: the policy allows MEDIUM at most, and the exception of shop team ended after 2026-11-20; update it to 3.0.2 in the Dockerfile, or build on a newer base image that has it.',
    );
  });

  it.each([
    ['Sam Sample <sam@example.org>', 'the exception of Sam Sample ended'],
    ['sam@example.org', 'the exception of sam ended'],
    ['<sam@example.org>', 'the exception of its owner ended'],
  ])('tells the world no mail address of its owner: %s', (owner, said) => {
    const { reasons } = onFindings(high, { exceptions: [exceptionOf({ owner, expires: '2026-11-20' })] });
    expect(reasons[0]).toContain(said);
    expect(reasons[0]).not.toContain('@');
  });

  it.each([
    ['2026-11-28', true],
    ['2026-11-29', false],
    ['2026-11-21', true],
  ])('that ends with %s is warned of seven days before: %s', (until, isWarned) => {
    const { outcome, warnings = [] } = onFindings(high, { exceptions: [exceptionOf({ expires: until })] });
    expect(outcome).toBe('pass');
    expect(warnings).toEqual(
      isWarned
        ? [`The exception of shop team for CVE-2026-0001 ends after ${until}; from then on the finding counts again.`]
        : [],
    );
  });

  it.each([
    [{ package: 'openssl' }, 'pass'],
    [{ package: 'zlib' }, 'block'],
    [{ id: 'CVE-2026-0002' }, 'block'],
    [{ id: 'GHSA-aaaa-bbbb-cccc' }, 'pass'],
    [{ status: 'affected' }, 'pass'],
    [{ status: 'under_investigation' }, 'pass'],
    [{ status: 'not_affected', justification: 'component_not_present' }, 'pass'],
  ] as const)('with %j: %s', (over, outcome) => {
    const known = [finding('HIGH', { aliases: ['GHSA-aaaa-bbbb-cccc'] })];
    expect(onFindings(known, { exceptions: [exceptionOf(over)] }).outcome).toBe(outcome);
  });

  it('that lasts longer counts where two are there, wherever it is written', () => {
    const [short, long] = [exceptionOf({ expires: '2026-01-01' }), exceptionOf({ package: 'openssl' })];
    expect(onFindings(high, { exceptions: [short, long] }).outcome).toBe('pass');
    expect(onFindings(high, { exceptions: [long, short] }).outcome).toBe('pass');
  });

  it('accepts each finding that it names, and each is counted', () => {
    const two = [finding('HIGH'), finding('CRITICAL', { package: 'openssl-libs' })];
    expect(onFindings(two, { exceptions: [exceptionOf()] })).toEqual({
      outcome: 'pass',
      reasons: [],
      counts: { HIGH: 1, CRITICAL: 1 },
      accepted: 2,
    });
  });
});

describe('a VEX statement', () => {
  const statement = (over: Partial<VexStatement> = {}): VexStatement => ({
    ids: ['CVE-2026-0001', 'GHSA-aaaa-bbbb-cccc'],
    status: 'not_affected',
    author: 'Shop Security',
    expires,
    file: 'vex/openssl.json',
    ...over,
  });
  const purls = (...texts: string[]) => texts.flatMap((text) => parsePurl(text) ?? []);
  const [purl] = purls('pkg:deb/debian/openssl@3.0.1-1?arch=amd64&distro=debian-12');
  const ofDebian = finding('HIGH', { purl });
  const under = (...vex: VexStatement[]) => onFindings([ofDebian], { vex });

  it.each([
    ['not_affected', 'pass'],
    ['fixed', 'pass'],
    ['affected', 'block'],
    ['under_investigation', 'block'],
  ] as const)('of %s: %s', (status, outcome) => {
    expect(under(statement({ status })).outcome).toBe(outcome);
  });

  it.each([
    [['pkg:deb/debian/openssl'], 'pass'],
    [['pkg:deb/debian/zlib', 'pkg:deb/debian/openssl'], 'pass'],
    [['pkg:deb/debian/openssl@3.0.1-1'], 'pass'],
    [['pkg:deb/debian/openssl@3.0.2-1'], 'block'],
    [['pkg:deb/debian/zlib'], 'block'],
    [['pkg:deb/ubuntu/openssl'], 'block'],
    [['pkg:rpm/fedora/openssl'], 'block'],
    [['pkg:pypi/openssl'], 'block'],
    [['pkg:deb/debian/openssl?arch=amd64&distro=debian-12'], 'pass'],
    [['pkg:deb/debian/openssl?arch=arm64'], 'block'],
    [['pkg:deb/debian/openssl?distro=bookworm'], 'block'],
    [[], 'block'],
  ] as const)('about the packages %j: %s', (packages, outcome) => {
    expect(under(statement({ packages: purls(...packages) })).outcome).toBe(outcome);
  });

  it('on a package accepts nothing in one that the scanner does not say the type of', () => {
    const vex = [statement({ packages: purls('pkg:deb/debian/openssl') })];
    expect(onFindings([finding('HIGH')], { vex }).outcome).toBe('block');
  });

  it.each([
    ['pkg:deb/debian/openssl?distro=bookworm', 'block'],
    ['pkg:deb/debian/openssl?arch=arm64', 'pass'],
    ['pkg:pypi/openssl', 'pass'],
  ])('that accepts nothing on %s counts where it may be about the finding: %s', (text, outcome) => {
    const affected = statement({ status: 'affected', packages: purls(text) });
    expect(under(affected, statement()).outcome).toBe(outcome);
  });

  it('names a vulnerability by any of its names', () => {
    const known = finding('HIGH', { id: 'GHSA-aaaa-bbbb-cccc' });
    expect(onFindings([known], { vex: [statement()] }).outcome).toBe('pass');
  });

  it('that is newer counts before an older one', () => {
    const affected = statement({ status: 'affected', packages: purls('pkg:deb/debian/openssl') });
    expect(under(affected, statement()).outcome).toBe('block');
    expect(under(statement(), affected).outcome).toBe('pass');
  });

  it.each([
    [undefined, undefined, 'block'],
    [undefined, ['pkg:deb/debian/openssl'], 'block'],
    [['pkg:deb/debian/openssl'], ['pkg:deb/debian/openssl'], 'block'],
    [['pkg:deb/debian/zlib'], ['pkg:deb/debian/openssl'], 'pass'],
  ])(
    'that is newer counts although it knows another name of the vulnerability alone, on %j before %j: %s',
    (newer, older, outcome) => {
      const affected = statement({
        ids: ['GHSA-aaaa-bbbb-cccc'],
        status: 'affected',
        ...(newer ? { packages: purls(...newer) } : {}),
      });
      expect(under(affected, statement(older ? { packages: purls(...older) } : {})).outcome).toBe(outcome);
    },
  );

  it('is overruled by an exception', () => {
    const rules = { vex: [statement({ status: 'affected' })], exceptions: [exceptionOf()] };
    expect(onFindings([finding('HIGH')], rules).outcome).toBe('pass');
  });

  it('ends like an exception', () => {
    const { outcome, reasons } = under(statement({ expires: '2026-11-20' }));
    expect(outcome).toBe('block');
    expect(reasons[0]).toContain('the statement of vex/openssl.json ended after 2026-11-20');
    expect(under(statement({ expires: '2026-11-25' })).warnings).toEqual([
      expect.stringMatching(/^The statement of vex\/openssl\.json for CVE-2026-0001 ends after 2026-11-25/),
    ]);
  });
});
