import { stripVTControlCharacters, styleText } from 'node:util';

/** What the display writes to: standard output, or a test's own. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface ProgressOptions {
  screen: Screen;
  environment?: Record<string, string | undefined>;
  /** Milliseconds, as `performance.now` gives them. */
  now?: () => number;
}

/** Something that takes time, on a line of its own until it has ended. */
export interface Task {
  /** What it does now: a state that is worth a line of its own where lines cannot be rewritten. */
  update(state: string): void;
  /** What is seen of it now (the last line of a log): shown beside the state, and only while it lasts. */
  detail(text: string): void;
  succeed(result: string): void;
  /** It ended as it was meant to end, and that is not a success: a blocked build. */
  stop(result: string): void;
  fail(result: string): void;
}

/**
 * Shows what is happening: on a terminal the running tasks are lines at the bottom that are rewritten, and ended ones stay above
 * them; elsewhere every change of a state is a line with the time since the start, and a task that says nothing for a while is
 * said to be still running.
 */
export interface Progress {
  /** A line that stays. */
  say(line: string): void;
  task(title: string): Task;
  /** Takes the running tasks from the screen and gives the cursor back. */
  close(): void;
  readonly paint: Paint;
  /** Columns for text that is wrapped; undefined where nobody looks at a screen. */
  readonly columns: number | undefined;
}

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';
export type Paint = (style: Style, text: string) => string;

interface Running {
  title: string;
  startedAt: number;
  state: string;
  stateSince: number;
  detail: string;
  saidAt: number;
}

const frameEvery = 100;
const stillRunningAfter = 5_000;
const titleWidth = 20;

const unicode = { running: '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏', succeeded: '✔', stopped: '■', failed: '✘', cut: '…' };
const ascii = { running: '|/-\\', succeeded: '+', stopped: '#', failed: 'x', cut: '.' };

export function createProgress({
  screen,
  environment = process.env,
  now = () => performance.now(),
}: ProgressOptions): Progress {
  const live = screen.isTTY === true && environment.TERM !== 'dumb';
  const coloured = live && !environment.NO_COLOR;
  const paint: Paint = (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text);
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  const signs = !live || /utf-?8/i.test(locale) ? unicode : ascii;

  const start = now();
  const running = new Set<Running>();
  let drawn = 0;
  let closed = false;

  const columns = () => Math.max(20, screen.columns ?? 80);
  const stamp = () => paint('dim', clock(now() - start));

  /** Rewrites the bottom of the screen in one go, so that it does not flicker. */
  function draw(above: string[] = []) {
    const spinner = signs.running[Math.floor(now() / frameEvery) % signs.running.length] ?? '';
    const lines = [...running].map((task) => {
      const head = `${spinner} ${task.title.padEnd(titleWidth)} `;
      const time = seconds(now() - task.startedAt);
      const body = task.detail ? `${task.state} · ${task.detail}` : task.state;
      const room = columns() - head.length - time.length - 2;
      return `${paint('cyan', head)}${cut(body, Math.max(0, room), signs.cut).padEnd(Math.max(0, room))} ${paint('dim', time)}`;
    });
    // The terminal itself writes where the cursor stands, `^C` for one, so the column is not known.
    const up = drawn > 0 ? `\r\x1b[${drawn}A` : '\r';
    const all = [...above, ...lines].map((line) => `\r\x1b[2K${line}\n`).join('');
    screen.write(`${up}${all}\x1b[J`);
    drawn = lines.length;
  }

  function stillRunning() {
    for (const task of running) {
      if (now() - task.saidAt < stillRunningAfter) continue;
      task.saidAt = now();
      const detail = task.detail ? `: ${task.detail}` : '';
      screen.write(`${stamp()}  ${task.title}: still ${task.state} (${seconds(now() - task.stateSince)})${detail}\n`);
    }
  }

  const timer = setInterval(() => (live ? running.size > 0 && draw() : stillRunning()), live ? frameEvery : 1000);
  timer.unref();
  if (live) screen.write('\x1b[?25l');

  function say(line: string) {
    if (live) draw([line]);
    else screen.write(line === '' ? '\n' : `${stamp()}  ${line}\n`);
  }

  function task(title: string): Task {
    const entry: Running = { title, startedAt: now(), state: '', stateSince: now(), detail: '', saidAt: now() };
    running.add(entry);

    const end = (sign: string, style: Style) => (result: string) => {
      if (!running.delete(entry)) return;
      const took = seconds(now() - entry.startedAt);
      if (!live) return say(`${title}: ${harmless(result)} (${took})`);
      const indent = ' '.repeat(titleWidth + 3);
      const [first = '', ...rest] = wrap(harmless(result), columns() - indent.length - took.length - 2);
      const filler = ' '.repeat(Math.max(1, columns() - indent.length - first.length - took.length - 1));
      draw([
        `${paint(style, sign)} ${paint('bold', title.padEnd(titleWidth))} ${first}${filler}${paint('dim', took)}`,
        ...rest.map((line) => indent + line),
      ]);
    };

    return {
      update(state) {
        const text = harmless(state);
        if (text === entry.state) return;
        Object.assign(entry, { state: text, stateSince: now(), detail: '' });
        if (live) return;
        entry.saidAt = now();
        say(`${title}: ${text}`);
      },
      detail(text) {
        entry.detail = harmless(text);
      },
      succeed: end(signs.succeeded, 'green'),
      stop: end(signs.stopped, 'yellow'),
      fail: end(signs.failed, 'red'),
    };
  }

  function close() {
    if (closed) return;
    closed = true;
    clearInterval(timer);
    running.clear();
    if (!live) return;
    draw();
    screen.write('\x1b[?25h');
  }

  return {
    say,
    task,
    close,
    paint,
    get columns() {
      return live ? columns() : undefined;
    },
  };
}

/** `9.4 s`, `1 min 05 s` */
export function seconds(milliseconds: number): string {
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const whole = Math.round(milliseconds / 1000);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** `01:05.3` since the start. */
function clock(milliseconds: number): string {
  const minutes = String(Math.floor(milliseconds / 60_000)).padStart(2, '0');
  return `${minutes}:${((milliseconds % 60_000) / 1000).toFixed(1).padStart(4, '0')}`;
}

/** A build's log may hold anything: nothing of it moves the cursor, changes colours or breaks the line. */
function harmless(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim();
}

function cut(text: string, width: number, sign: string): string {
  const characters = [...text];
  return characters.length <= width
    ? text
    : characters.slice(0, Math.max(0, width - 1)).join('') + (width > 0 ? sign : '');
}

/** Breaks at spaces; a word that is longer than the line stays whole, so that it can be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
