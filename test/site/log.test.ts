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

  it('is found from the page as well', async () => {
    expect(await ask(`/builds/${ended.id}/log`)).toMatchObject({
      statusCode: 308,
      headers: { location: path(ended.id) },
    });
  });
});

describe('the log on a page', () => {
  const shown = (text: string) => /<pre class="log"[^>]*data-next="(\d+)"[^>]*>([\s\S]*?)<\/pre>/.exec(text)?.slice(1);

  it('has no terminal colours, and nothing in it is markup', async () => {
    const site = sampleSite({
      builds: [ended],
      logs: { [ended.id]: '\u001b[31m<script>alert(1)</script>\u001b[0m & more\r\n 10 %\r 90 %\rdone\n' },
    });
    const [, text] = shown((await site(`/builds/${ended.id}`)).text) ?? [];
    expect(text).toBe('&lt;script&gt;alert(1)&lt;/script&gt; &amp; more\ndone\n');
  });

  it('shows whole lines while the build runs, and the rest with the next request', async () => {
    const logs = { [running.id]: 'first\nhalf of the sec' };
    const site = sampleSite({ builds: [running], logs });
    expect(shown((await site(`/builds/${running.id}`)).text)).toEqual(['6', 'first\n']);
    logs[running.id] += 'ond\n';
    expect(shown((await site(`/builds/${running.id}?from=6`)).text)).toEqual(['25', 'half of the second\n']);
  });

  it('shows the last unended line of a build that has ended', async () => {
    const site = sampleSite({ builds: [ended], logs: { [ended.id]: 'first\nkilled' } });
    expect(shown((await site(`/builds/${ended.id}`)).text)?.[1]).toBe('first\nkilled');
  });

  it('keeps the page small when the log is large', async () => {
    const site = sampleSite({ builds: [ended], logs: { [ended.id]: `${'y'.repeat(80)}\n`.repeat(100_000) } });
    const { text } = await site(`/builds/${ended.id}`);
    expect(text.length).toBeLessThan(30_000);
    expect(text).toMatch(/8,0\d\d,\d\d\d bytes came before this/);
  });
});
