import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goodFile } from '../../core/index/index-texts.ts';
import { slipway } from '../slipway.ts';

const execute = promisify(execFile);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-index-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function put(path: string, content: string | Buffer): Promise<void> {
  await mkdir(join(folder, 'index.d'), { recursive: true });
  await writeFile(join(folder, path), content);
}

async function putGood(entries: Parameters<typeof goodFile>[0], appId?: string): Promise<void> {
  const { path, text } = goodFile(entries, appId);
  await put(path, text);
}

const check = (...args: string[]) => slipway(['index', 'check', folder, ...args]);

const diagnosticsOf = (out: string) => (JSON.parse(out) as { diagnostics: Record<string, unknown>[] }).diagnostics;

describe('slipway index check', () => {
  it('says of a good index how much there is, and ends with 0', async () => {
    await putGood({ app: {}, other: {} });
    await putGood({ base: {} }, 'more');
    await put('index.d/index_template.yml', 'Projects: [');
    await put('README.md', 'nothing of it');
    expect(await check()).toEqual({ code: 0, out: '2 files, 3 projects: no errors or warnings\n', err: '' });
  });

  it('says file, line, column, entry, what is wrong and how to mend it, and ends with 1', async () => {
    await putGood({ app: { 'git-branch': '--upload-pack=x' } });
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toBe(
      `${join(folder, 'index.d/demo.yml')}:6:17: error  demo/app:latest\n` +
        '  "git-branch": "--upload-pack=x" is not a branch name: it would be taken for an option. [value]\n\n' +
        '1 file, 0 projects: 1 error\n',
    );
  });

  it('checks the policy and the VEX documents, each at its position', async () => {
    await putGood({ app: {} });
    await put('policy.yml', 'policy:\n  max-severity: HUGE\n');
    await mkdir(join(folder, 'vex'));
    await put('vex/one.json', '{\n  "author": 1\n}\n');
    await put('vex/notes.txt', 'nothing of it');
    const { code, out } = await check('--json');
    expect(code).toBe(1);
    expect(diagnosticsOf(out).map(({ file, line, column, code }) => [file, line, column, code])).toEqual([
      [join(folder, 'policy.yml'), 2, 17, 'value'],
      [join(folder, 'vex/one.json'), 1, 1, 'vex'],
      [join(folder, 'vex/one.json'), 1, 1, 'vex'],
      [join(folder, 'vex/one.json'), 1, 1, 'vex'],
      [join(folder, 'vex/one.json'), 1, 1, 'vex'],
      [join(folder, 'vex/one.json'), 1, 1, 'vex'],
      [join(folder, 'vex/one.json'), 2, 13, 'vex'],
    ]);
  });

  it('needs entries: a policy alone is not an index', async () => {
    await put('policy.yml', 'policy: {max-severity: LOW}\n');
    expect((await check()).code).toBe(2);
  });

  it('lets a broken file hide nothing of the others', async () => {
    await put('index.d/aaa.yml', 'Projects: [');
    await putGood({ app: { 'target-file': '' } });
    await putGood({ base: {} }, 'zzz');
    const { code, out } = await check('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ files: 3, projects: 1, errors: 2, warnings: 0 });
    expect(diagnosticsOf(out).map(({ file }) => file)).toEqual([
      join(folder, 'index.d/aaa.yml'),
      join(folder, 'index.d/demo.yml'),
    ]);
  });

  it('knows by --platform what entries without platforms are built for', async () => {
    await putGood({ base: {}, app: { 'depends-on': 'demo/base:latest', platforms: 'linux/arm64' } });
    const warnings = async (...args: string[]) => diagnosticsOf((await check('--json', ...args)).out);
    expect(await warnings()).toEqual([]);
    expect(await warnings('--platform', 'linux/arm64')).toEqual([]);
    expect(await warnings('--platform', 'linux/amd64')).toMatchObject([
      { code: 'platforms', entry: 'demo/app:latest' },
    ]);
  });

  it('ends with 1 for a warning only if it shall be strict', async () => {
    await putGood({ app: { build_context: './' } });
    const { code, out } = await check();
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('1 file, 1 project: 1 warning') });
    expect(await check('--strict')).toMatchObject({ code: 1, out });
  });

  it('takes a private host that is allowed', async () => {
    await putGood({ app: { 'git-url': 'https://git.corp:8443/demo/app.git' } });
    const refused = await check();
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('--allow-host') });
    expect(await check('--allow-host', 'Git.corp')).toMatchObject({ code: 0 });
    expect(await check('--allow-host', 'git.corp:8443', '--allow-host', 'other')).toMatchObject({ code: 0 });
    expect(await check('--allow-host', 'git.corp:1')).toMatchObject({ code: 1 });
  });

  it('writes annotations for GitHub Actions that no text of an entry can get out of', async () => {
    await putGood({ app: { 'git-branch': '"a,b:c%\\n::warning::x y"' } });
    const { code, out } = await check('--github');
    const [line = '', summary, ...rest] = out.split('\n');
    expect(code).toBe(1);
    expect(line).toMatch(/^::error file=[^:]+demo\.yml,line=6,col=17,title=demo\/app%3Alatest::"git-branch": /);
    expect(line).toContain('a,b:c%25\\n::warning::x y');
    expect([summary, ...rest]).toEqual(['1 file, 0 projects: 1 error', '']);
  });

  it('shows controls of a name or a value without sending them to the terminal', async () => {
    await put('index.d/a\u001b[2J\nb.yml', 'Projects: [');
    await putGood({ app: { 'job-id': '"a\\e[31mb"' } });
    const { out } = await check();
    expect(out).toContain('\\u001b[2J b.yml:1:');
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('colours only what a terminal shows', async () => {
    await put('index.d/demo.yml', 'Projects: [');
    const { out } = await slipway(['index', 'check', folder], { colours: true });
    expect(out).toContain('\u001b[31merror\u001b[39m');
  });

  it('checks the folder index.d itself, too', async () => {
    await putGood({ app: {} });
    const answer = await slipway(['index', 'check', join(folder, 'index.d')]);
    expect(answer).toMatchObject({ code: 0, out: expect.stringContaining('1 project') });
  });
});

describe('what is no good file', () => {
  it('is reported with the rest, which is checked all the same', async () => {
    await symlink('/etc/passwd', join(folder, 'secret'));
    await put('index.d/latin.yml', Buffer.from('Projects:\n  - id: \xe9', 'latin1'));
    await put('index.d/huge.yml', '');
    await truncate(join(folder, 'index.d/huge.yml'), 10_000_000_000);
    await put('index.d/empty.yml', '');
    await mkdir(join(folder, 'index.d/folder.yml'));
    await symlink('/etc/passwd', join(folder, 'index.d/link.yml'));
    await execute('mkfifo', [join(folder, 'index.d/pipe.yml')]);
    await putGood({ app: {} });
    const { code, out } = await check('--json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ projects: 1 });
    expect(diagnosticsOf(out).map(({ file, line, column, code: word }) => [file, line, column, word])).toEqual(
      [
        ['empty.yml', 1, 1, 'structure'],
        ['folder.yml', 1, 1, 'unreadable'],
        ['huge.yml', 1, 1, 'too-large'],
        ['latin.yml', 2, 9, 'encoding'],
        ['link.yml', 1, 1, 'unreadable'],
        ['pipe.yml', 1, 1, 'unreadable'],
      ].map(([name, ...rest]) => [join(folder, 'index.d', String(name)), ...rest]),
    );
    expect(out).not.toContain('root:');
  });

  it.skipIf(process.getuid?.() === 0)('is a file that nobody may read', async () => {
    await putGood({ app: {} });
    await chmod(join(folder, 'index.d/demo.yml'), 0);
    expect(await check()).toMatchObject({
      code: 2,
      out: expect.stringContaining('You have no permission to read the file'),
    });
  });
});

describe('a wrong call', () => {
  it.each([
    ['without an index', [], /index\.d is not there\. Name the folder that holds index\.d/],
    ['with two folders', ['more'], /too many arguments/],
    ['with a number that is none', ['--recipients', '0'], /from 1 to 99/],
    ['with an option that is none', ['--fix'], /--fix/],
  ])('%s ends with 2 and says what is right', async (_, args, message) => {
    expect(await check(...args)).toMatchObject({ code: 2, err: expect.stringMatching(message) });
  });

  it('finds no index in an empty folder', async () => {
    await mkdir(join(folder, 'index.d'));
    expect(await check()).toMatchObject({ code: 2, out: '', err: expect.stringContaining('There is no file like') });
  });
});

describe('the command itself', () => {
  const started = (...args: string[]) =>
    execute(process.execPath, [join(import.meta.dirname, '../../../cli/slipway.js'), ...args], { cwd: folder }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
    );

  it('checks the folder that it is called in, and names files from there', async () => {
    await putGood({ app: { 'git-path': '..' } });
    const { code, stdout } = await started('index', 'check');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^index\.d\/demo\.yml:7:15: error {2}demo\/app:latest\n/);
  });

  it('ends in peace when nobody reads on', async () => {
    await put('index.d/demo.yml', `Projects:\n${'  - id: x\n'.repeat(1000)}`);
    const command = `"${process.execPath}" "${join(import.meta.dirname, '../../../cli/slipway.js')}" index check --json`;
    const { stderr } = await execute('bash', ['-c', `${command} | true`], { cwd: folder });
    expect(stderr).toBe('');
  });

  it('ends only when its whole answer is read, however long it is', async () => {
    for (const name of ['one', 'two', 'three', 'four'])
      await put(`index.d/${name}.yml`, `Projects:\n${'  - id: x\n'.repeat(1000)}`);
    const { code, stdout } = await started('index', 'check', '--json');
    expect(code).toBe(1);
    // More than a pipe holds.
    expect(stdout.length).toBeGreaterThan(100_000);
    expect(JSON.parse(stdout)).toMatchObject({ files: 4 });
  });

  it('says how it is called', async () => {
    const { code, stdout } = await started('index', 'check', '--help');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('--github') });
    const wrong = await started('index', 'check', '--strct');
    expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Did you mean --strict?') });
  });
});
