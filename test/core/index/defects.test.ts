import { describe, expect, it } from 'vitest';
import { readIndex } from '../../../core/index/read-index.ts';
import { goodFile, now } from './index-texts.ts';

const keysOf = (text: string) => text.split('\n');
/** Three entries, of which the second, in lines 13 to 23, is wrong; and a file beside them. */
const besides = goodFile({ base: {} }, 'zzz');
const check = (text: string, path = 'index.d/demo.yml') => {
  const { projects, diagnostics, brokenFiles } = readIndex([{ path, text }, besides], { now });
  return {
    projects: projects.map(({ name }) => name),
    broken: [...brokenFiles],
    diagnostics: diagnostics.map(({ line, column, severity, code, message, entry }) => ({
      at: `${line}:${column}`,
      severity,
      code,
      message,
      entry,
    })),
  };
};
const entryWith = (over: Record<string, string>) => check(goodFile({ good: {}, bad: over, last: {} }).text);
const withLine = (number: number, ...lines: string[]) => {
  const all = keysOf(goodFile({ good: {}, bad: {}, last: {} }).text);
  return check([...all.slice(0, number - 1), ...lines, ...all.slice(number)].join('\n'));
};
const others = ['demo/good:latest', 'demo/last:latest', 'zzz/base:latest'];

describe('of a file that is not YAML', () => {
  it.each([
    ['a tab before a key', 16, '\tgit-url: https://git.example/a', '16:1', /tab is not allowed as indentation/],
    ['a key too far to the right', 16, '     git-url: https://git.example/a', '16:6', /indented further/],
    ['a key too far to the left', 16, '   git-url: https://git.example/a', '16:1', /indentation/],
    ['a key without a colon', 16, '    git-url https://git.example/a', '16:5', /":"/],
    ['a colon in a text', 16, '    git-url: see: this', '16:14', /in quotes/],
    ['a quote without an end', 16, '    git-url: "https://git.example/a', '16:14', /quote that begins here/],
    ['a list without an end', 21, '    notify-email: [a@example.org', '21:19', /bracket that begins here/],
    ['a mapping without an end', 21, '    notify-email: {a', '21:19', /bracket that begins here/],
    ['a key at the very left', 17, 'git-branch: main', '17:1', /indented less/],
  ])('%s is reported once, at its position, and the next file is read', (_, number, line, at, message) => {
    const { projects, broken, diagnostics } = withLine(number, line);
    expect(diagnostics).toEqual([
      expect.objectContaining({ at, severity: 'error', code: 'yaml', message: expect.stringMatching(message) }),
    ]);
    expect({ projects, broken }).toEqual({ projects: ['zzz/base:latest'], broken: ['index.d/demo.yml'] });
  });

  it.each([
    ['nothing', '', '1:1', /no list "Projects"/],
    ['no "Projects"', 'hello:\n  - id: 1\n', '1:1', /no list "Projects"/],
    ['entries without "Projects" above', '  - id: 1\n', '1:3', /no list "Projects"/],
    ['"projects" in lower case', 'projects:\n  - id: 1\n', '1:1', /Did you mean "Projects"/],
    ['"Projects" without entries', 'Projects:\n', '1:1', /at least one/],
    ['"Projects" with a mapping', 'Projects:\n  id: 1\n', '1:1', /list/],
    ['an entry that is a text', 'Projects:\n  - demo/app\n', '2:5', /mapping/],
  ])('%s is reported, and deactivates nothing', (_, text, at, message) => {
    const { projects, broken, diagnostics } = check(text);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors).toEqual([expect.objectContaining({ at, message: expect.stringMatching(message) })]);
    expect({ projects, broken }).toEqual({ projects: ['zzz/base:latest'], broken: ['index.d/demo.yml'] });
  });
});

describe('of an entry', () => {
  it.each([
    ['id', '13:5'],
    ['app-id', '14:5'],
    ['job-id', '15:5'],
    ['git-url', '16:5'],
    ['git-path', '18:5'],
    ['target-file', '19:5'],
    ['desired-tag', '20:5'],
    ['notify-email', '21:5'],
  ])('an empty %s is reported at its line, and the entries around are read', (key, at) => {
    const { projects, diagnostics } = entryWith({ [key]: '' });
    if (key === 'id') return expect(projects).toContain('demo/bad:latest');
    expect(projects).toEqual(others);
    expect(diagnostics).toEqual([
      expect.objectContaining({ at, severity: 'error', code: 'missing-key', message: expect.stringContaining(key) }),
    ]);
  });

  it.each(['app-id', 'job-id', 'git-url', 'git-path', 'target-file', 'desired-tag', 'notify-email'])(
    'a %s that is missing is reported where the entry begins',
    (key) => {
      const lines = keysOf(goodFile({ good: {}, bad: {}, last: {} }).text);
      const at = lines.findIndex((line, index) => index > 12 && line.startsWith(`    ${key}:`));
      const { projects, diagnostics } = check(lines.toSpliced(at, 1).join('\n'));
      expect(projects).toEqual(others);
      expect(diagnostics).toEqual([expect.objectContaining({ at: '13:5', severity: 'error', code: 'missing-key' })]);
    },
  );

  it.each([
    ['no number', 'one', /not a number/],
    ['zero', '0', /not a number/],
    ['another one has', '1', /line 2 has the id "1" already/],
  ])('an id that is %s is reported', (_, id, message) => {
    const { diagnostics } = entryWith({ id });
    expect(diagnostics).toEqual([
      expect.objectContaining({ at: '13:9', severity: 'error', message: expect.stringMatching(message) }),
    ]);
  });

  it('a name that another one has is reported with the position of the other', () => {
    const { projects, diagnostics } = entryWith({ 'job-id': 'good' });
    expect(projects).toEqual(others);
    expect(diagnostics).toEqual([
      expect.objectContaining({
        at: '13:5',
        code: 'duplicate-name',
        message: expect.stringContaining('demo.yml, line 2'),
      }),
    ]);
  });

  it('a name that an entry of another file has is reported, too', () => {
    const { projects, diagnostics } = check(goodFile({ app: {}, base: { 'app-id': 'zzz' } }).text, 'index.d/demo.yml');
    expect(projects).toEqual(['demo/app:latest', 'zzz/base:latest']);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([
      expect.objectContaining({
        code: 'duplicate-name',
        message: expect.stringContaining('index.d/demo.yml, line 13'),
      }),
    ]);
  });

  it('a misspelt key is an error, with what is meant by it', () => {
    const { projects, diagnostics } = withLine(23, '    depende-on: demo/good:latest');
    expect(projects).toContain('demo/bad:latest');
    expect(diagnostics).toEqual([
      expect.objectContaining({
        at: '23:5',
        severity: 'error',
        code: 'unknown-key',
        entry: 'demo/bad:latest',
        message: expect.stringContaining('Did you mean "depends-on"?'),
      }),
    ]);
  });

  it('a misspelt key beside the right one is a warning, and so is one that means nothing', () => {
    const { projects, diagnostics } = withLine(
      22,
      '    build-context: ./',
      '    build_context: ./',
      '    maintainer: me',
    );
    expect(projects).toContain('demo/bad:latest');
    expect(diagnostics.map(({ at, severity, code }) => ({ at, severity, code }))).toEqual([
      { at: '23:5', severity: 'warning', code: 'unknown-key' },
      { at: '24:5', severity: 'warning', code: 'unknown-key' },
    ]);
  });

  it('a key that is written twice is reported at the second', () => {
    const { projects, diagnostics } = withLine(17, '    git-branch: main', '    git-branch: other');
    expect(projects).toEqual(others);
    expect(diagnostics).toEqual([expect.objectContaining({ at: '18:5', code: 'duplicate-key' })]);
  });

  it.each([
    ['slash at its end', { 'job-id': 'keycloak-postgres/' }, '15:13', /keycloak-postgres\./],
    ['blank', { 'app-id': 'my app' }, '14:13', /not an image name/],
    ['tag with a slash', { 'desired-tag': 'a/b' }, '20:18', /not an image name/],
    ['tag of the pipeline itself', { 'desired-tag': 'build-1' }, '20:18', /Choose another/],
    ['list where a text is meant', { 'git-branch': '[a, b]' }, '17:17', /must be a text/],
    ['mapping where a text is meant', { 'job-id': '{a: b}' }, '15:13', /must be a text/],
    ['wrong address in a list', { 'notify-email': '[a@example.org, nobody]' }, '21:35', /item 2: "nobody"/],
    ['parent that is not an image', { 'depends-on': '[demo/good:latest, "a b"]' }, '23:36', /item 2: "a b"/],
    ['script without its context', { 'prebuild-script': 'a.sh' }, '24:22', /without "prebuild-context"/],
    ['context without its script', { 'prebuild-context': '/' }, '24:23', /without "prebuild-script"/],
    ['unknown end of builds', { notify: 'relased' }, '24:13', /Did you mean released/],
    ['unknown platform', { platforms: '[linux/amd46]' }, '24:17', /Did you mean linux\/amd64/],
    ['flag that is neither', { enabled: 'maybe' }, '24:14', /neither true nor false/],
    ['schedule that is none', { schedule: 'daily' }, '24:15', /not a schedule/],
    ['schedule that comes too often', { schedule: 'rate(5 minutes)' }, '24:15', /an hour/],
    ['severity that is none', { policy: '{max-severity: HIHG}' }, '24:28', /Did you mean HIGH/],
    ['unknown key within another', { policy: '{max-severty: HIGH}' }, '24:14', /Did you mean "max-severity"/],
    [
      'exception without an owner',
      { exceptions: '[{id: CVE-2026-1, reason: x, expires: 2026-12-01}]' },
      '24:18',
      /"owner" is missing/,
    ],
  ])('a value is reported at its position: %s', (_, keys, at, message) => {
    const { projects, diagnostics } = entryWith(keys as Record<string, string>);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors).toEqual([expect.objectContaining({ at, message: expect.stringMatching(message) })]);
    expect(projects.filter((name) => others.includes(name))).toEqual(others);
  });

  it('all errors are reported at once', () => {
    const { diagnostics } = entryWith({
      'git-url': 'file:///etc/passwd',
      'git-branch': '-x',
      'git-path': '../..',
      'desired-tag': '"a b"',
      'notify-email': 'nobody',
      'depende-on': 'x',
      enabled: 'perhaps',
    });
    expect(diagnostics.map(({ at }) => at)).toEqual(['16:14', '17:17', '18:15', '20:18', '21:19', '24:5', '25:14']);
  });

  it('what looks like a number to others is a warning for a path, and is none for a tag', () => {
    expect(entryWith({ 'desired-tag': '3.10' })).toMatchObject({ diagnostics: [] });
    expect(entryWith({ 'git-path': '9.10' }).diagnostics).toEqual([
      expect.objectContaining({ at: '18:15', severity: 'warning', message: expect.stringContaining('"9.10"') }),
    ]);
  });

  it.each(['centos_go', 'quarkus.io', 'Web'])('a job-id that CCCP refused or changed is a warning: %s', (id) => {
    const { projects, diagnostics } = entryWith({ 'job-id': id });
    expect(projects).toContain(`demo/${id.toLowerCase()}:latest`);
    expect(diagnostics).toEqual([expect.objectContaining({ at: '15:13', severity: 'warning', code: 'spelling' })]);
  });

  it('an app-id that is not the name of the file is a warning', () => {
    const { projects, diagnostics } = entryWith({ 'app-id': 'other' });
    expect(projects).toContain('other/bad:latest');
    expect(diagnostics).toEqual([expect.objectContaining({ at: '14:13', severity: 'warning', code: 'file-name' })]);
  });
});

describe('of an exception', () => {
  const until = (expires: string) =>
    readIndex(
      [goodFile({ app: { exceptions: `[{id: CVE-2026-1, reason: not used, owner: us, expires: ${expires}}]` } })],
      { now },
    );

  it('an end that is too far away is an error, one that has come is a warning', () => {
    expect(until('2027-05-20').diagnostics).toEqual([]);
    expect(until('2027-05-21').diagnostics).toEqual([
      expect.objectContaining({ severity: 'error', code: 'exception' }),
    ]);
    expect(until('2026-11-21').diagnostics).toEqual([]);
    expect(until('2026-11-19').diagnostics).toEqual([
      expect.objectContaining({ severity: 'warning', code: 'exception' }),
    ]);
    expect(until('2026-02-30').diagnostics).toEqual([expect.objectContaining({ severity: 'error', code: 'value' })]);
  });
});

describe('entries that depend on each other', () => {
  it('are reported with the way around and all their positions, and the others are read', () => {
    const { projects, diagnostics, broken } = check(
      goodFile({
        aa: { 'depends-on': 'demo/bb:latest' },
        bb: { 'depends-on': '[demo/cc:latest, zzz/base:latest]' },
        cc: { 'depends-on': 'demo/aa:latest' },
        dd: { 'depends-on': 'demo/aa:latest' },
      }).text,
    );
    expect(projects).toEqual(['demo/dd:latest', 'zzz/base:latest']);
    expect(broken).toEqual(['index.d/demo.yml']);
    expect(diagnostics).toEqual([
      expect.objectContaining({
        at: '12:5',
        code: 'cycle',
        entry: 'demo/aa:latest',
        message: expect.stringContaining(
          'demo/aa:latest → demo/bb:latest (index.d/demo.yml:13) → demo/cc:latest (index.d/demo.yml:24) → demo/aa:latest',
        ),
      }),
    ]);
  });

  it('are found over a chain of many thousand, in little time', () => {
    const project = (at: number, parent: number) =>
      `  - app-id: demo\n    job-id: j${at}\n    git-url: https://git.example/a\n    git-path: /\n    target-file: D\n` +
      `    desired-tag: a\n    notify-email: a@b.org\n    depends-on: demo/j${parent}:a\n`;
    const files = Array.from({ length: 10 }, (_, file) => ({
      path: `index.d/f${file}.yml`,
      text: `Projects:\n${Array.from({ length: 1000 }, (__, at) => project(file * 1000 + at, (file * 1000 + at + 1) % 10_000)).join('')}`,
    }));
    const { projects, diagnostics } = readIndex(files, { now });
    const cycles = diagnostics.filter(({ code }) => code === 'cycle');
    expect(projects).toEqual([]);
    expect(cycles).toHaveLength(1);
    expect(cycles[0]?.message).toMatch(/demo\/j0:a → .* → … → demo\/j0:a/);
  });

  it('is not a fault of an entry that names itself alone', () => {
    expect(entryWith({ 'depends-on': 'demo/bad:latest' })).toMatchObject({ diagnostics: [] });
  });
});
