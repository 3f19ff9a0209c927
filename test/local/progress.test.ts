import { describe, expect, test } from 'vitest';
import { createProgress, seconds, wrap } from '../../local/progress.ts';

function screenOf(
  properties: { isTTY?: boolean; columns?: number },
  environment: Record<string, string> = { LANG: 'C.UTF-8' },
) {
  const written: string[] = [];
  const clock = { time: 0 };
  const progress = createProgress({
    screen: { write: (text) => written.push(text), ...properties },
    environment,
    now: () => clock.time,
  });
  return { progress, clock, text: () => written.join('') };
}

/** What a person sees in the end: the control sequences that the display uses, carried out. */
function shown(text: string): string[] {
  const rows: string[] = [''];
  let row = 0;
  for (const [part] of text.replaceAll('\x1b', '␛').matchAll(/␛\[[?\d;]*[A-Za-z]|\r|\n|[^␛\r\n]+/g)) {
    if (part === '\n') {
      row += 1;
      rows[row] ??= '';
    } else if (/^␛\[\d*A$/.test(part)) row -= Number(part.slice(2, -1));
    else if (part === '␛[2K') rows[row] = '';
    else if (part === '␛[J') rows.splice(row, rows.length, '');
    else if (!part.startsWith('␛') && part !== '\r') rows[row] += part;
  }
  return rows.map((line) => line.trimEnd()).filter(Boolean);
}

describe('where output is no terminal', () => {
  test('every change of a state is a line with the time since the start, without control sequences', () => {
    const { progress, clock, text } = screenOf({});
    const task = progress.task('demo/app:latest');
    task.update('building');
    clock.time = 65_300;
    task.update('building');
    task.detail('STEP 1');
    task.update('scanning');
    clock.time = 70_000;
    task.succeed('released');
    progress.close();
    expect(text()).toBe(
      '00:00.0  demo/app:latest: building\n01:05.3  demo/app:latest: scanning\n01:10.0  demo/app:latest: released (1 min 10 s)\n',
    );
  });
});

describe('on a terminal', () => {
  test('running tasks are rewritten at the bottom, ended ones stay above them', () => {
    const { progress, clock, text } = screenOf({ isTTY: true, columns: 80 });
    const first = progress.task('one');
    const second = progress.task('two');
    first.update('waiting');
    second.update('building');
    second.detail('STEP 2/5');
    progress.say('A line that stays.');
    clock.time = 1500;
    first.succeed('done');
    const rows = shown(text());
    expect(rows).toHaveLength(3);
    expect(rows[0]).toBe('A line that stays.');
    expect(rows[1]).toMatch(/^✔ one +done +1\.5 s$/);
    expect(rows[2]).toMatch(/^\S two +building · STEP 2\/5 +1\.5 s$/);
    progress.close();
    expect(shown(text())).toHaveLength(2);
    expect(text().endsWith('\x1b[?25h')).toBe(true);
  });

  test('no line is wider than a narrow terminal while it can change, and a result is wrapped', () => {
    const { progress, text } = screenOf({ isTTY: true, columns: 50 });
    const task = progress.task('demo/app:latest');
    task.update('building');
    task.detail('x'.repeat(200));
    progress.say('-');
    for (const row of shown(text())) expect(row.length).toBeLessThanOrEqual(50);
    task.fail('the Dockerfile failed at a step that is explained here at some length');
    const rows = shown(text());
    expect(rows.length).toBeGreaterThan(2);
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(50);
    progress.close();
  });

  test('a log line cannot move the cursor, colour the screen or break the line', () => {
    const { progress, text } = screenOf({ isTTY: true, columns: 80 });
    const task = progress.task('build');
    task.update('building');
    task.detail('\x1b[2J\x1b]0;title\x07evil\u202e\nline\r');
    progress.say('-');
    expect(text()).not.toContain('\x1b[2J');
    expect(text()).not.toContain('\u202e');
    expect(text()).toContain('evil line');
    progress.close();
  });

  test('NO_COLOR takes the colours, a locale without UTF-8 the signs', () => {
    const { progress, text } = screenOf({ isTTY: true, columns: 80 }, { LANG: 'C', NO_COLOR: '1' });
    progress.task('one').succeed('done');
    progress.close();
    expect(text().replaceAll('\x1b', '␛')).not.toMatch(/␛\[\d+m/);
    expect(shown(text())[0]).toMatch(/^\+ one/);
  });
});

test('times and wrapped text read as people write them', () => {
  expect(seconds(940)).toBe('0.9 s');
  expect(seconds(65_400)).toBe('1 min 05 s');
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
});
