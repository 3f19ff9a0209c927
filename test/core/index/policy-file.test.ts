import { describe, expect, it } from 'vitest';
import { planIndex } from '../../../core/index/plan-index.ts';
import { readIndex } from '../../../core/index/read-index.ts';
import { goodFile, now } from './index-texts.ts';

const entry = (over: Record<string, string> = {}) => goodFile({ app: over });
const read = (policy: string | undefined, over: Record<string, string> = {}, path = 'policy.yml') =>
  readIndex([entry(over), ...(policy === undefined ? [] : [{ path, text: policy }])], { now });
const policyOf = (policy: string | undefined, over: Record<string, string> = {}) =>
  read(policy, over).projects[0]?.policy;

describe("an entry's policy", () => {
  it('is taken whatever the case of its letters, and overrides that of the index key by key', () => {
    const index = 'policy:\n  max-severity: low\n  unscannable: warn\n  scanners: {sbom: block, user-test: warn}\n';
    const own = '{max-severity: High, max-unfixable-severity: CRITICAL, scanners: {user-test: Ignore}}';
    expect(policyOf(index, { policy: own })).toEqual({
      maxSeverity: 'HIGH',
      maxUnfixableSeverity: 'CRITICAL',
      unscannable: 'warn',
      scanners: { sbom: 'block', 'user-test': 'ignore' },
    });
    expect(policyOf(undefined, { policy: own })).not.toHaveProperty('unscannable');
    expect(policyOf(index)).toMatchObject({ maxSeverity: 'LOW', unscannable: 'warn' });
    expect(policyOf(undefined)).toBeUndefined();
  });

  it.each([
    ['{max-severty: LOW}', 'unknown-key', /Did you mean "max-severity"/],
    ['{max-severity: PERHAPS}', 'value', /is not known here/],
    ['{unscannable: ignore}', 'value', /block, warn/],
    ['{scanners: {package-update: warn}}', 'unknown-key', /Did you mean "package-updates"/],
    ['{scanners: {sbom: blok}}', 'value', /Did you mean block/],
    ['{scanners: [sbom]}', 'value', /mapping of scanners/],
    ['strict', 'value', /must be a mapping/],
  ])('like %s is an error at its position, and the entry waits', (policy, code, message) => {
    const { diagnostics, projects, brokenFiles } = read(undefined, { policy });
    expect(diagnostics).toEqual([
      expect.objectContaining({ severity: 'error', code, line: 13, message: expect.stringMatching(message) }),
    ]);
    expect({ projects, broken: [...brokenFiles] }).toEqual({ projects: [], broken: ['index.d/demo.yml'] });
  });

  it('that is weaker than that of the index is in force, and its reviewer sees where', () => {
    const { diagnostics, projects } = read('policy: {max-severity: LOW, scanners: {sbom: block}}', {
      policy: '{max-severity: HIGH, scanners: {sbom: warn}}',
    });
    expect(projects).toHaveLength(1);
    expect(diagnostics.map(({ severity, code, line, column }) => ({ severity, code, line, column }))).toEqual([
      { severity: 'warning', code: 'policy', line: 13, column: 14 },
      { severity: 'warning', code: 'policy', line: 13, column: 45 },
    ]);
    expect(diagnostics[0]?.message).toContain('HIGH is weaker than LOW');
  });
});

describe('the policy of the index', () => {
  it.each([
    ['nothing', '', 'structure', 1],
    ['no mapping "policy"', 'max-severity: LOW\n', 'unknown-key', 1],
    ['another key', 'policy: {max-severity: LOW}\nPolicy: {}\n', 'unknown-key', 2],
    ['an empty policy', 'policy:\n', 'structure', 1],
    ['a policy that says nothing', 'policy: {}\n', 'structure', 1],
    ['a word that is not known', 'policy:\n  max-severity: HUGE\n', 'value', 2],
    ['a misspelt key', 'policy:\n  maxseverity: LOW\n', 'unknown-key', 2],
    ['no YAML', 'policy: [\n', 'yaml', 1],
    ['an anchor', 'policy: &p {max-severity: LOW}\n', 'yaml-feature', 1],
  ])('with %s is broken, and said so at its position', (_, text, code, line) => {
    const { diagnostics, policy, brokenFiles } = read(text);
    expect(diagnostics[0]).toMatchObject({ file: 'policy.yml', severity: 'error', code, line });
    expect(diagnostics[0]?.message).toMatch(/every project keeps the one that it has/);
    expect({ policy, broken: [...brokenFiles] }).toEqual({ policy: undefined, broken: ['policy.yml'] });
  });

  it('under another name is not ignored', () => {
    const { diagnostics, brokenFiles } = read('policy: {max-severity: LOW}', {}, 'policy.yaml');
    expect(diagnostics).toEqual([
      expect.objectContaining({ severity: 'error', code: 'file-name', file: 'policy.yaml' }),
    ]);
    expect([...brokenFiles]).toEqual(['policy.yaml']);
  });

  it('that cannot be read leaves every project its own, and adds none', () => {
    const known = read('policy: {max-severity: LOW}').projects;
    const broken = readIndex(
      [goodFile({ app: { 'git-branch': 'next' }, new: {} }), { path: 'policy.yml', text: 'policy:' }],
      { now },
    );
    const plan = planIndex(broken, known);
    expect(plan).toMatchObject({ added: [], deactivated: [] });
    expect(plan.changed).toMatchObject([{ gitBranch: 'next', policy: { maxSeverity: 'LOW' } }]);
    expect(planIndex(read('policy:'), known)).toEqual({ added: [], changed: [], deactivated: [] });
  });

  it('that is gone is gone from the projects, too', () => {
    const [known] = read('policy: {max-severity: LOW}').projects;
    const { changed } = planIndex(read(undefined), known ? [known] : []);
    expect(changed).toEqual([expect.not.objectContaining({ policy: expect.anything() })]);
  });
});

describe('an exception', () => {
  const written = (over: Record<string, string>) => {
    const keys = { id: 'CVE-2026-1', reason: 'not reachable', owner: 'shop team', expires: '2027-03-31', ...over };
    return `{${Object.entries(keys)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', ')}}`;
  };
  const withExceptions = (...list: string[]) => read(undefined, { exceptions: `[${list.join(', ')}]` });

  it.each([
    ['cve-2026-1234', 'CVE-2026-1234'],
    ['DL3006', 'DL3006'],
    ['/etc/passwd', '/etc/passwd'],
    ['"npm:@angular/core"', 'npm:@angular/core'],
    ['"pip:requests"', 'pip:requests'],
    ['"host-path:/var/run"', 'host-path:/var/run'],
    ['"security-disabled:label=disable"', 'security-disabled:label=disable'],
    ['GHSA-abcd-efgh-ijkl', 'GHSA-abcd-efgh-ijkl'],
  ])('may name %s', (id, taken) => {
    expect(withExceptions(written({ id })).projects[0]?.exceptions).toMatchObject([{ id: taken }]);
  });

  it('may have a package, and a status with its justification', () => {
    const over = { package: 'openssl', status: 'not_affected', justification: 'component_not_present' };
    expect(withExceptions(written(over)).projects[0]?.exceptions).toEqual([
      { id: 'CVE-2026-1', reason: 'not reachable', owner: 'shop team', expires: '2027-03-31', ...over },
    ]);
  });

  it.each([
    [{ expires: '2027-05-21' }, /more than 180 days ahead/],
    [{ expires: '2027-02-30' }, /not a day/],
    [{ expires: '""' }, /missing or empty/],
    [{ id: '""' }, /missing or empty/],
    [{ owner: '""' }, /missing or empty/],
    [{ reason: '""' }, /missing or empty/],
    [{ status: 'not_affected' }, /needs a "justification"/],
    [{ status: 'affected', justification: 'component_not_present' }, /only/],
    [{ justification: 'component_not_present' }, /only/],
    [{ status: 'harmless' }, /Choose one of/],
    [{ status: 'not_affected', justification: 'because' }, /Choose one of/],
    [{ until: '2027-01-01' }, /not known/],
  ])('with %j is an error, and the entry waits', (over, message) => {
    const { diagnostics, projects } = withExceptions(written(over as Record<string, string>));
    expect(diagnostics[0]).toMatchObject({ severity: 'error', line: 13, message: expect.stringMatching(message) });
    expect(projects).toEqual([]);
  });

  it.each([
    ['2027-05-20', []],
    ['2026-11-21', []],
    ['2026-11-20', ['warning']],
  ])('until %s: %j', (expires, severities) => {
    const { diagnostics, projects } = withExceptions(written({ expires }));
    expect(diagnostics.map(({ severity }) => severity)).toEqual(severities);
    expect(projects).toHaveLength(1);
  });

  it('appears once, of all packages or of each', () => {
    const twice = withExceptions(written({}), written({ id: 'cve-2026-1' }));
    expect(twice.diagnostics).toEqual([
      expect.objectContaining({ code: 'exception', message: expect.stringMatching(/already/) }),
    ]);
    expect(
      withExceptions(written({}), written({ package: 'zlib' }), written({ id: '/ETC' }), written({ id: '/etc' }))
        .diagnostics,
    ).toEqual([]);
  });

  it('takes no more room than a record has, however many there are', () => {
    const long = (at: number) => written({ id: `x${at}`, reason: '漢'.repeat(499), package: '漢'.repeat(199) });
    const { diagnostics, projects } = withExceptions(...Array.from({ length: 50 }, (_, at) => long(at)));
    expect(diagnostics).toEqual([
      expect.objectContaining({ code: 'exception', message: expect.stringMatching(/100000/) }),
    ]);
    expect(projects).toEqual([]);
  });
});

describe('the frontends that an index allows', () => {
  it('are known to each of its projects', () => {
    expect(policyOf('policy:\n  frontends: [ghcr.io/a/b, c/d]\n')).toEqual({ frontends: ['ghcr.io/a/b', 'c/d'] });
    expect(policyOf('policy:\n  frontends: c/d\n', { policy: '{max-severity: LOW}' })).toEqual({
      frontends: ['c/d'],
      maxSeverity: 'LOW',
    });
  });

  it.each([
    ['a tag', 'c/d:1', /without a tag/],
    ['what is not an image', '"C D"', /not an image's name/],
  ])('with %s is an error', (_, written, message) => {
    const { diagnostics } = read(`policy:\n  frontends: [${written}]\n`);
    expect(diagnostics).toEqual([
      expect.objectContaining({ severity: 'error', message: expect.stringMatching(message) }),
    ]);
  });

  it('cannot be added by an entry for itself', () => {
    const { diagnostics } = read(undefined, { policy: '{frontends: [c/d]}' });
    expect(diagnostics).toEqual([expect.objectContaining({ severity: 'error', code: 'unknown-key' })]);
  });
});
