import { describe, expect, it } from 'vitest';
import { pieceBytes } from '../../site/log.ts';
import { sampleBuild, sampleSite, siteUrl } from './sample-site.ts';

const running = sampleBuild(1, { status: 'building' });
const ended = sampleBuild(2, { status: 'failed', endedAt: '2026-11-21T11:00:00.000Z' });
const path = (id: string) => `/api/v1/builds/${id}/log`;
const short = 'one\ntwo\nthree – äöü\n';

describe('the log as text', () => {
  const ask = sampleSite({ builds: [running, ended], logs: { [ended.id]: short, [running.id]: short } });

  it('is the whole log, byte for byte', async () => {
    const answer = await ask(path(ended.id));
    expect([answer.statusCode, answer.text, answer.headers['content-type']]).toEqual([
      200,
      short,
      'text/plain; charset=utf-8',
    ]);
    expect(answer.headers['x-log-total']).toBe(String(Buffer.byteLength(short)));
  });

  it('can be followed from where the last answer ended', async () => {
    const first = await ask(`${path(running.id)}?from=0`);
    expect(first.headers['cache-control']).toBe('no-store');
    const rest = await ask(`${path(running.id)}?from=4`);
    expect(rest.text).toBe(short.slice(4));
    expect((await ask(`${path(running.id)}?from=${first.headers['x-log-next']}`)).text).toBe('');
    expect((await ask(`${path(running.id)}?from=999999`)).text).toBe('');
  });

  it('answers ranges as HTTP has them', async () => {
    const range = async (value: string) => {
      const answer = await ask(path(ended.id), { range: value });
      return [answer.statusCode, answer.text, answer.headers['content-range']];
    };
    const total = Buffer.byteLength(short);
    expect(await range('bytes=0-2')).toEqual([206, 'one', `bytes 0-2/${total}`]);
    expect(await range('bytes=4-6')).toEqual([206, 'two', `bytes 4-6/${total}`]);
    expect(await range('bytes=4-')).toEqual([206, short.slice(4), `bytes 4-${total - 1}/${total}`]);
    expect(await range('bytes=-3')).toEqual([206, 'ü\n', `bytes ${total - 3}-${total - 1}/${total}`]);
    expect(await range(`bytes=${total}-`)).toEqual([416, expect.stringContaining('InvalidRange'), `bytes */${total}`]);
    expect(await range('lines=1-2')).toEqual([200, short, undefined]);
    expect(await range('bytes=0-1,3-4')).toEqual([200, short, undefined]);
  });

  it('is empty, not missing, before anything was written', async () => {
    const site = sampleSite({ builds: [running] });
    expect(await site(path(running.id))).toMatchObject({ statusCode: 200, text: '' });
  });

  it('gives the end of a log that is too long for one answer, says so, and has every piece', async () => {
    const line = `${'x'.repeat(99)}\n`;
    const long = line.repeat(Math.ceil((2.5 * pieceBytes) / 100));
    const site = sampleSite({ builds: [ended], logs: { [ended.id]: long } });
    const answer = await site(path(ended.id));
    const [marker, second] = answer.text.split('\n', 2);
    expect(marker).toBe(
      `[slipway] This log has ${long.length} bytes; these are the last ${answer.text.length - (marker?.length ?? 0) - 1}. It starts at ${siteUrl}${path(ended.id)}?from=0`,
    );
    expect(second).toBe('x'.repeat(99));
    expect(Buffer.byteLength(JSON.stringify({ body: answer.body }))).toBeLessThan(6_000_000);
    let pieces = '';
    for (let from = '0'; pieces.length < long.length; ) {
      const piece = await site(`${path(ended.id)}?from=${from}`);
      pieces += piece.text;
      from = piece.headers['x-log-next'] ?? '';
    }
    expect(pieces === long).toBe(true);
  });

  it('refuses a position that is none', async () => {
    for (const from of ['-1', 'x', '1.5']) expect((await ask(`${path(ended.id)}?from=${from}`)).statusCode).toBe(400);
  });
});

/** The lines on a page: the number of each, and its markup. */
const shown = (text: string) =>
  [...text.matchAll(/<p id="L(\d+)"[^>]*><a [^>]*>\d+<\/a>([\s\S]*?)<\/p>/g)].map(([, line, markup]) => [line, markup]);
const next = (text: string) => /data-next="(\d+)" data-line="(\d+)"/.exec(text)?.slice(1);

describe('the log on a page', () => {
  it('has the colours of the text, and nothing in it is markup', async () => {
    const site = sampleSite({
      builds: [ended],
      logs: { [ended.id]: '\u001b[31m<script>alert(1)</script>\u001b[0m & more\r\n 10 %\r 90 %\rdone\n' },
    });
    expect(shown((await site(`/builds/${ended.id}`)).text)).toEqual([
      ['1', '<span class="c1">&lt;script&gt;alert(1)&lt;/script&gt;</span> &amp; more'],
      ['2', 'done'],
    ]);
  });

  it('shows whole lines while the build runs, and the rest with the next request', async () => {
    const logs = { [running.id]: 'first\nhalf of the sec' };
    const site = sampleSite({ builds: [running], logs });
    const first = (await site(`/builds/${running.id}`)).text;
    expect([shown(first), next(first)]).toEqual([[['1', 'first']], ['6', '2']]);
    logs[running.id] += 'ond\n';
    const second = (await site(`/builds/${running.id}?from=6&line=2`)).text;
    expect([shown(second), next(second)]).toEqual([[['2', 'half of the second']], ['25', '3']]);
  });

  it('shows the last unended line of a build that has ended', async () => {
    const site = sampleSite({ builds: [ended], logs: { [ended.id]: 'first\nkilled' } });
    expect(shown((await site(`/builds/${ended.id}`)).text)).toEqual([
      ['1', 'first'],
      ['2', 'killed'],
    ]);
  });

  it('keeps the page small when the log is large, with the way to what comes before', async () => {
    const site = sampleSite({ builds: [ended], logs: { [ended.id]: `${'y'.repeat(80)}\n`.repeat(100_000) } });
    const { text } = await site(`/builds/${ended.id}`);
    expect(text.length).toBeLessThan(60_000);
    expect(shown(text).at(-1)?.[0]).toBe('100000');
    expect(text).toMatch(/>99,8\d\d lines before these</);
  });

  it('folds the steps that went well, once the build has ended, and marks what went wrong', async () => {
    const log = [
      '==> fetch (2026-11-21T11:00:00Z, +0.0 s)',
      'cloning',
      '==> build (2026-11-21T11:00:02Z, +2.4 s)',
      'E: Unable to locate package x',
      'warning: deprecated',
      '==> failed (2026-11-21T11:00:09Z, +9.0 s)',
      'DockerfileFailedError:',
    ].join('\n');
    const { text } = await sampleSite({ builds: [ended], logs: { [ended.id]: log } })(`/builds/${ended.id}`);
    expect(text).toContain('<details><summary id="L1">fetch <span>2.4 s, 1 line</span></summary>');
    expect(text).toContain('<details open><summary id="L3">build <span>6.6 s, 2 lines</span></summary>');
    expect(text).toContain('<details open><summary id="L6">failed <span>1 line</span></summary>');
    expect(text).toContain('<p id="L4" class="error">');
    expect(text).toContain('<p id="L5" class="warning">');
  });
});

describe('the page of the log', () => {
  const lines = Array.from({ length: 2000 }, (_, at) => `line ${at + 1}${at === 1233 ? ' <b>Needle</b>' : ''}`);
  const site = sampleSite({ builds: [ended, running], logs: { [ended.id]: lines.join('\n') } });
  const numbers = (text: string) => shown(text).map(([line]) => Number(line));

  it('begins at the start, and leads to the rest', async () => {
    const { text } = await site(`/builds/${ended.id}/log`);
    expect(numbers(text)).toEqual(Array.from({ length: 250 }, (_, at) => at + 1));
    const after = /rel="next" href="([^"]+)"/.exec(text)?.[1];
    const next = numbers((await site(`/builds/${ended.id}/log${after}`)).text);
    // The last ones once more, so that a reader finds the place again.
    expect(next.slice(0, 6)).toEqual([246, 247, 248, 249, 250, 251]);
  });

  it('has a line that an address names, with some before it', async () => {
    const { text } = await site(`/builds/${ended.id}/log?line=1234`);
    expect(numbers(text)[0]).toBe(1229);
    expect(text).toContain('<p id="L1234"><a href="?line=1234#L1234">1234</a>line 1234 &lt;b&gt;Needle');
    expect(numbers((await site(`/builds/${ended.id}/log?line=999999`)).text)).toEqual([2000]);
    expect(numbers((await site(`/builds/${ended.id}/log?line=last`)).text).at(-1)).toBe(2000);
    for (const line of ['0', '-1', 'x'])
      expect((await site(`/builds/${ended.id}/log?line=${line}`)).statusCode).toBe(400);
  });

  it('hides no line, however long lines are and whatever they are made of, and stays small', async () => {
    const long = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? '<' : 'x').repeat(60_000));
    const of = sampleSite({ builds: [ended], logs: { [ended.id]: ['before', ...long, 'after'].join('\n') } });
    const seen = new Set<number>();
    for (let address: string | undefined = '?line=1'; address !== undefined; ) {
      const { text } = await of(`/builds/${ended.id}/log${address}`);
      expect(numbers(text)).toContain(Number(/\d+/.exec(address)?.[0]));
      expect(text.length).toBeLessThan(60_000);
      for (const number of numbers(text)) seen.add(number);
      address = /rel="next" href="([^"]+)"/.exec(text)?.[1];
    }
    expect([...seen]).toEqual(Array.from({ length: 42 }, (_, at) => at + 1));
  });

  it('finds lines by a text, whatever its case, and never by a pattern', async () => {
    const { text } = await site(`/builds/${ended.id}/log?q=NEEDLE`);
    expect(text).toContain('<a href="?line=1234#L1234">1234</a>line 1234 &lt;b&gt;<mark>Needle</mark>&lt;/b&gt;');
    const many = (await site(`/builds/${ended.id}/log?q=line`)).text;
    expect(many.match(/<mark>/g)).toHaveLength(100);
    expect(many).toContain('href="?q=line&amp;line=101"');
    expect((await site(`/builds/${ended.id}/log?q=.*`)).text).toContain('No line has “.*”.');
  });

  it('says that nothing has been logged yet', async () => {
    expect((await site(`/builds/${running.id}/log`)).text).toContain('Nothing has been logged yet.');
    const without = sampleSite({ builds: [ended] });
    expect((await without(`/builds/${ended.id}/log`)).text).toContain('This build has no log');
  });
});

it('a log of 200 MB, or a line without an end, makes no large page, and a bounded part of it is read', async () => {
  const total = 200_000_000;
  const asked: number[] = [];
  const piece = (limit: number) => {
    asked.push(limit);
    return Buffer.alloc(limit, 'x');
  };
  const site = sampleSite({
    builds: [ended],
    parts: {
      log: {
        slice: async (_, from, limit) => ({ bytes: piece(limit), from: Math.max(0, from), total }),
        lines: async (_, from, limit) => ({
          bytes: piece(limit),
          from: 'line' in from ? 0 : total - limit,
          firstLine: 1,
          total,
        }),
      },
    },
  });
  for (const path of ['', '/log', '/log?line=last', '/log?q=y', '/log?q=x', '?from=5&line=1']) {
    const { text } = await site(`/builds/${ended.id}${path}`);
    expect(text.length).toBeLessThan(60_000);
  }
  expect(Math.max(...asked)).toBeLessThanOrEqual(4 * 1024 * 1024);
});
