import { describe, expect, it } from 'vitest';
import { readIndex } from '../../../core/index/read-index.ts';
import { cpuTime } from '../../cpu-time.ts';
import { goodFile, now } from './index-texts.ts';

const besides = goodFile({ base: {} }, 'zzz');
const good = goodFile({ good: {}, bad: {}, last: {} }).text;
const check = (text: string) => {
  const begun = cpuTime();
  const index = readIndex([{ path: 'index.d/demo.yml', text }, besides], { now });
  const diagnostics = index.diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`);
  return {
    projects: index.projects.map(({ name }) => name),
    diagnostics,
    messages: index.diagnostics.map(({ message }) => message).join('\n'),
    entries: index.diagnostics.map(({ entry }) => entry),
    milliseconds: cpuTime() - begun,
  };
};
const entryWith = (over: Record<string, string>) => check(goodFile({ good: {}, bad: over, last: {} }).text);
const all = ['demo/good:latest', 'demo/bad:latest', 'demo/last:latest', 'zzz/base:latest'];
const others = all.filter((name) => name !== 'demo/bad:latest');

describe('what YAML has beside texts, lists and mappings is refused before anything of it is expanded', () => {
  it.each([
    ['an anchor', { 'git-branch': '&a main' }, '17:17 yaml-feature'],
    ['an alias', { 'git-branch': '*a' }, '17:17 yaml-feature'],
    ['a tag', { 'git-branch': '!!js/function x' }, '17:17 yaml-feature'],
    ['a tag in a list', { 'depends-on': '[demo/good:latest, !!binary x]' }, '23:36 yaml-feature'],
    ['a merge key with an alias', { '<<': '*base' }, '24:9 yaml-feature'],
  ])('%s', (_, over, diagnostic) => {
    expect(entryWith(over as Record<string, string>)).toMatchObject({
      projects: ['zzz/base:latest'],
      diagnostics: [diagnostic],
    });
  });

  it('a merge key with a mapping', () => {
    expect(entryWith({ '<<': '{job-id: other}' })).toMatchObject({
      projects: others,
      diagnostics: ['24:5 yaml-feature'],
    });
  });

  it('each of them is reported', () => {
    expect(entryWith({ 'git-branch': '&a main', 'target-file': '!x y' }).diagnostics).toEqual([
      '17:17 yaml-feature',
      '19:18 yaml-feature',
    ]);
  });

  it('aliases that would grow to billions', () => {
    const level = (name: string, at: number) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[at]}`)}]`;
    const bomb = `a: &a [x, x]\n${[...'bcdefghi'].map(level).join('\n')}\nProjects: *i\n`;
    const { projects, diagnostics, milliseconds } = check(bomb);
    expect(projects).toEqual(['zzz/base:latest']);
    expect(diagnostics.every((diagnostic) => diagnostic.endsWith('yaml-feature'))).toBe(true);
    expect(milliseconds).toBeLessThan(1000);
  });

  it('a second document', () => {
    expect(check(`${good}---\n${good}`)).toMatchObject({
      projects: ['zzz/base:latest'],
      diagnostics: ['36:1 yaml-feature'],
    });
  });
});

describe('how a file is written down', () => {
  it.each([
    ['a byte order mark', `\ufeff${good}`],
    ['line ends of Windows', good.replaceAll('\n', '\r\n')],
    ['a document marker', `---\n${good}...\n`],
    ['comments and empty lines', `# ours\n\n${good.replaceAll('\n', ' # é\n')}`],
    [
      'JSON',
      JSON.stringify({ Projects: [] }).replace(
        '[]',
        `[${['good', 'bad', 'last'].map((job, at) => JSON.stringify({ id: at + 1, 'app-id': 'demo', 'job-id': job, 'git-url': 'https://git.example/a', 'git-path': '/', 'target-file': 'D', 'desired-tag': 'latest', 'notify-email': ['a@b.org'] })).join()}]`,
      ),
    ],
  ])('%s is read', (_, text) => {
    expect(check(text).projects).toEqual(all);
  });

  it.each([
    ['two byte order marks', `\ufeff\ufeff${good}`, '1:2 hidden-character'],
    ['carriage returns alone', good.replaceAll('\n', '\r'), '1:9 encoding'],
    ['bytes that are not UTF-8', good.replace('bad', 'b\ufffdd'), '15:14 encoding'],
  ])('%s are refused', (_, text, diagnostic) => {
    const { projects, diagnostics } = check(text);
    expect(projects).toEqual(['zzz/base:latest']);
    expect(diagnostics[0]).toBe(diagnostic);
  });
});

describe('a character that cannot be seen', () => {
  it.each([
    ['turns the direction of a text', { 'job-id': 'ab\u202ecd' }, '15:15', '\u202e'],
    ['has no width', { 'git-branch': 'ma\u200bin' }, '17:19', '\u200b'],
    ['is a tag of Unicode', { 'git-branch': 'main\u{e0041}' }, '17:21', '\u{e0041}'],
    ['is a control', { 'desired-tag': 'a\u0007' }, '20:19', '\u0007'],
    ['is a control that an escape makes', { 'git-branch': '"a\\e[31m"' }, '17:17', '\u001b'],
    ['is half a character that an escape makes', { 'target-file': '"D\\ud800"' }, '19:18', '\ud800'],
    ['is a direction that an escape makes', { 'target-file': '"D\\u202e"' }, '19:18', '\u202e'],
    ['is in a key', { 'git\u200b-branch': 'x' }, '24:8', '\u200b'],
  ])('%s, is refused at its position, and not repeated', (_, over, at, character) => {
    const { projects, diagnostics, messages, entries } = entryWith(over as Record<string, string>);
    expect(projects.filter((name) => name !== 'demo/bad:latest')).toEqual(others);
    expect(diagnostics).toContain(`${at} hidden-character`);
    expect(`${messages}${entries.join('')}`).not.toContain(character);
  });

  it('is reported in a comment, which may hide what the file does, and takes the entry along', () => {
    const { projects, diagnostics } = check(good.replace('job-id: bad', 'job-id: bad # \u202e'));
    expect(projects).toEqual(all);
    expect(diagnostics).toEqual(['15:19 hidden-character']);
  });
});

describe('a value that would be something else elsewhere', () => {
  it.each([
    ['a branch that is an option', { 'git-branch': '--upload-pack=touch /tmp/x' }, '17:17 value'],
    ['a branch that is an option in quotes', { 'git-branch': '"-b"' }, '17:17 value'],
    ['a branch with ".."', { 'git-branch': 'a..b' }, '17:17 value'],
    ['a branch that names a ref', { 'git-branch': 'refs/heads/main' }, '17:17 value'],
    ['a branch that is a revision', { 'git-branch': 'main@{1}' }, '17:17 value'],
    ['a line break in a branch', { 'git-branch': '"a\\nb"' }, '17:17 value'],
    ['a line break in a path', { 'git-path': '"a\\nb"' }, '18:15 value'],
    ['a header in an address', { 'notify-email': '"a@b.org\\nBcc: c@d.org"' }, '21:19 value'],
    ['a path above the repository', { 'git-path': '../..' }, '18:15 path'],
    ['a path above it in the middle', { 'git-path': '/a/../../b' }, '18:15 path'],
    ['a Dockerfile above it', { 'target-file': '../Dockerfile' }, '19:18 path'],
    ['a context above it', { 'build-context': '../' }, '22:20 path'],
    ['a glob above it', { paths: '[src/**, ../x]' }, '24:21 value'],
    ['credentials in a URL', { 'git-url': 'https://me:secret@git.example/a' }, '16:14 git-url'],
    ['a file', { 'git-url': 'file:///etc/passwd' }, '16:14 git-url'],
    ['a private host', { 'git-url': 'https://169.254.169.254/latest/meta-data' }, '16:14 git-url'],
    ['a private host to deploy to', { deploy: '{repository: "http://10.0.0.1/a", path: a}' }, '24:26 git-url'],
    ['a manifest above the repository', { deploy: '{repository: a/b, path: ../../x}' }, '24:37 path'],
    ['text longer than a record has room for', { 'target-file': 'a'.repeat(501) }, '19:18 value'],
  ])('%s is refused, and the entries around are read', (_, over, diagnostic) => {
    const { projects, diagnostics, messages } = entryWith(over as Record<string, string>);
    expect(projects).toEqual(others);
    expect(diagnostics).toEqual([diagnostic]);
    expect(messages).not.toContain('secret');
  });

  it('a key that every object has is an unknown key', () => {
    for (const key of ['__proto__', 'constructor', 'toString']) {
      expect(entryWith({ [`"${key}"`]: 'x' })).toMatchObject({ projects: all, diagnostics: ['24:5 unknown-key'] });
    }
  });
});

describe('deep nesting', () => {
  it.each([
    ['of lists', `Projects: ${'['.repeat(100)}`, '1:34 too-deep'],
    ['of lists that end', `Projects: ${'['.repeat(100)}${']'.repeat(100)}`, '1:34 too-deep'],
    [
      'of keys',
      `Projects:\n${Array.from({ length: 100 }, (_, at) => `${' '.repeat(at + 1)}a:`).join('\n')}`,
      '24:25 too-deep',
    ],
  ])('%s is refused where it begins to be too deep', (_, text, diagnostic) => {
    expect(check(text)).toMatchObject({ projects: ['zzz/base:latest'], diagnostics: [diagnostic] });
  });

  it('that only a wrong indentation makes is reported as what it is', () => {
    const long = goodFile(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`app${at}`, {}]))).text;
    expect(check(long.replace('    git-branch', ' git-branch')).diagnostics).toEqual(['6:1 yaml']);
  });
});

describe('a file that is made to take long', () => {
  it.each([
    ['lists in lists', `Projects: ${'['.repeat(225_000)}`],
    ['mappings in mappings', `Projects: ${'{a: '.repeat(50_000)}`],
    ['dashes', '- '.repeat(100_000)],
    ['questions', '? '.repeat(100_000)],
    ['commas', `Projects: [${','.repeat(56_000)}`],
    ['empty mappings', `Projects: [${'{},'.repeat(19_000)}]`],
    ['entries of nothing', `Projects:\n${'  - a: 1\n'.repeat(6_000)}`],
    ['anchors', '&a '.repeat(75_000)],
    ['one key again and again', `Projects:\n  - ${'k: 1\n    '.repeat(25_000)}`],
    ['documents', '---\n'.repeat(60_000)],
    ['quotes', '"'.repeat(19_000)],
    ['blanks', ' '.repeat(225_000)],
    ['line ends', '\n'.repeat(225_000)],
    ['replacement characters', '\ufffd'.repeat(75_000)],
    ['hidden characters', `# ${'\u202e'.repeat(75_000)}`],
    ['one letter, ten million times', 'a'.repeat(10_000_000)],
  ])('is done with soon: %s', (_, text) => {
    const { projects, diagnostics, messages, milliseconds } = check(text);
    expect(projects).toEqual(['zzz/base:latest']);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.length).toBeLessThanOrEqual(201);
    expect(messages.length).toBeLessThan(100_000);
    // Far more than it takes, and far less than what grows with the square of the text.
    expect(milliseconds).toBeLessThan(10_000);
  });

  it('reports the first 200 diagnostics of a file, and how many more there are', () => {
    const entries = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`app${at}`, { 'git-branch': '-x' }]));
    const { diagnostics, messages } = check(goodFile(entries).text);
    expect(diagnostics).toHaveLength(201);
    expect(messages).toContain('100 more errors or warnings');
  });
});
