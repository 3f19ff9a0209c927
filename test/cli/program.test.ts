import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { commands } from '../../cli/commands.ts';
import { exitCodeMeanings } from '../../cli/errors.ts';
import { slipway } from './slipway.ts';

const names = Object.values(commands)
  .flat()
  .map(({ name }) => name);

describe('the help', () => {
  it('names every command', async () => {
    const { code, out, err } = await slipway(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const name of names) expect(out).toMatch(new RegExp(`^ +${name.split(' ')[0]} `, 'm'));
  });

  it.each(names)('of %s says how it is called, asked in either way', async (name) => {
    const words = name.split(' ');
    const { code, out } = await slipway([...words, '--help']);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(`^Usage: slipway ${name} .*\n\n\\w`) });
    expect(out).toContain('--json');
    expect((await slipway(['help', ...words])).out).toBe(out);
  });

  it('fits the terminal', async () => {
    const { out } = await slipway(['--help'], { width: 60 });
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});

describe('a wrong call', () => {
  it.each([
    [['biuld', 'demo/app'], /unknown command 'biuld'\n\(Did you mean build\?\)/],
    [['webhook', 'ad'], /unknown command 'ad'\n\(Did you mean add\?\)/],
    [['hold', 'demo/app', '--untill', '2099-01-01'], /Did you mean --until\?/],
    [['builds', '--status', 'relased'], /^slipway: --status: Allowed choices are .*\n\(Did you mean released\?\)\n/],
    [['completion', 'zhs'], /Did you mean zsh\?/],
    [['hold', 'demo/app', '--until', 'monday'], /^slipway: --until: "monday" is not a day/],
    [['build', 'app'], /^slipway: "app" is not a project/],
    [['verify', 'demo/App'], /^slipway: "demo\/App" is not an image's name/],
    [['hold', 'demo/app', '--until', '2001-01-01'], /has passed/],
    [['promote', 'demo/app'], /--to <TARGET>/],
    [['build'], /missing required argument.*\n"slipway build --help" says more/],
    [[], /Usage: slipway/],
  ])('%j ends with 2, and says what is right', async (args, message) => {
    const { code, out, err } = await slipway(args);
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: expect.stringMatching(message) });
  });
});

it('has its commands and its exit codes in the documentation', async () => {
  const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8');
  for (const [code, meaning] of Object.entries(exitCodeMeanings)) expect(page).toContain(`| ${code} | ${meaning} |`);
  for (const name of names) expect(page).toContain(`\`${name}\``);
});

it('says its version', async () => {
  expect((await slipway(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it('has a man page with every command and option, in which no line is an accidental macro', async () => {
  const { out } = await slipway(['manual']);
  for (const name of names) expect(out).toContain(`.SS "slipway ${name.replaceAll('-', '\\-')}`);
  expect(out).toContain('.B \\-\\-commit <SHA>');
  for (const line of out.split('\n'))
    expect(line).toMatch(/^(?:\.(?:\\"|TH|SH|SS|TP|PP|br|nf|fi|B|I)(?: |$)|[^.'].*$|$)/);
});

describe('completion', () => {
  it.each([
    [['bu'], ['build']],
    [
      ['webhook', ''],
      ['add', 'rotate', 'secret'],
    ],
    [['build', '--c'], ['--commit']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['hold', '--until', '2099-01-01', '--r'],
      ['--reason', '--region'],
    ],
    [
      ['builds', '--status', 'rel'],
      ['releasing', 'released'],
    ],
    [['builds', '--status', 'released', '--l'], ['--limit']],
    [['webhook', '--json', 'r'], ['rotate']],
    [['nothing', ''], []],
  ])('of %j proposes %j', async (words, expected) => {
    const { code, out } = await slipway(['complete', '--', ...words]);
    expect({ code, words: out.split('\n').filter(Boolean) }).toEqual({
      code: 0,
      words: expect.arrayContaining(expected),
    });
  });

  it('is a script that bash can read', async () => {
    const { out } = await slipway(['completion', 'bash']);
    await promisify(execFile)('bash', ['-n', '-c', out]);
  });
});
