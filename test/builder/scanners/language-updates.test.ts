import { afterAll, beforeAll, expect, test } from 'vitest';
import { listContents } from '../../../builder/packages/keep-packages.ts';
import { languageUpdates } from '../../../builder/scanners/language-updates.ts';
import type { ScanSubject } from '../../../builder/scanners/scanner.ts';
import { busybox } from '../builder-setup.ts';
import { Images } from '../images.ts';

let images: Images;
let base: string;
beforeAll(async () => {
  images = await Images.open();
  base = await images.make({
    ...busybox.files,
    Dockerfile: `${busybox.dockerfile}ENV PATH=/opt/own/bin:/bin\nUSER 1001\nENTRYPOINT ["/bin/false"]\n`,
  });
});
afterAll(() => images[Symbol.asyncDispose]());

/** What is said of an image with these programs. The time begins with the scanner. */
async function look(programs: Record<string, string>, milliseconds?: number) {
  const files = Object.entries(programs).map(([path, script]) => [`root/${path}`, `#!/bin/sh\n${script}\n`]);
  const image = await images.make({
    Dockerfile: `FROM ${base}\nCOPY root/ /\n`,
    'root/file': '',
    ...Object.fromEntries(files),
  });
  const { engine } = images;
  const configuration = Promise.resolve({ labels: {}, path: '/opt/own/bin:/bin' });
  const contents = await listContents({ engine, image, configuration, call: images.call() });
  const call = images.call(milliseconds === undefined ? undefined : AbortSignal.timeout(milliseconds));
  // The rest of a subject is for others.
  return languageUpdates({ engine, image, ...contents } as unknown as ScanSubject, call, undefined as never);
}

const pip = `[ "$1 $2 $3" = "list --outdated --format=json" ] && echo '[{"name": "wheel", "version": "0.38", "latest_version": "0.45", "latest_filetype": "wheel"}]'`;
const npm = `[ "$1 $2 $3" = "-g outdated --json" ] && echo '{"is-odd": {"current": "2.0.0", "wanted": "3.0.1", "latest": "3.0.1"}}'; exit 1`;
/** Knows what is new only once it was queried. */
const gem = `case "$*" in "sources --update") echo done; touch /fetched ;; outdated) [ ! -e /fetched ] || echo "rake (13.0 < 13.2)" ;; esac`;

test('every tool that is there is run, wherever the image has it, and those that are not there are no failure', async () => {
  expect(await look({})).toEqual({
    state: 'not-applicable',
    reason: 'The image has neither pip nor npm nor gem.',
    findings: [],
  });
  expect(await look({ 'opt/own/bin/pip3': pip, 'usr/local/bin/npm': npm, 'usr/bin/gem': gem })).toEqual({
    state: 'complete',
    tool: 'pip3, npm, gem',
    findings: [
      { manager: 'pip', name: 'wheel', installed: '0.38', available: '0.45' },
      { manager: 'npm', name: 'is-odd', installed: '2.0.0', available: '3.0.1' },
      { manager: 'gem', name: 'rake', installed: '13.0', available: '13.2' },
    ],
  });
});

test('where one fails, what the others found is kept', async () => {
  const broken = 'echo "ERROR:  While executing gem (FetchError)" >&2; echo "    no route to host" >&2; exit 1';
  expect(await look({ 'usr/bin/pip': pip, 'usr/bin/gem': broken })).toEqual({
    state: 'failed',
    reason: 'gem: gem ended with 1: ERROR:  While executing gem (FetchError) no route to host',
    tool: 'pip, gem',
    findings: [{ manager: 'pip', name: 'wheel', installed: '0.38', available: '0.45' }],
  });
});

test('each says for itself why it failed', async () => {
  const report = await look({
    'usr/bin/pip3': 'echo "WARNING: Retrying (Retry(total=0, connection broken" >&2; echo "[]"',
    'usr/bin/npm': `echo '{"error": {"summary": "no route"}}'; exit 1`,
    'usr/bin/gem': '[ "$1" != outdated ] || echo "<html>"',
  });
  expect(report).toMatchObject({ state: 'failed', findings: [] });
  expect(report.reason).toMatch(/^pip3: .*connection broken npm: .*no route gem: .*none of its forms: <html>$/);
});

test('what makes no sense is not a list', async () => {
  const report = await look({
    'usr/bin/pip3': "printf '\\033[2Jnothing\\n'",
    'usr/bin/npm': 'yes',
    'usr/bin/gem': 'exec /usr/bin/ruby',
  });
  expect(report).toMatchObject({ state: 'failed', findings: [] });
  expect(report.reason).toMatch(
    /^pip3: .*none of its forms: \\u001b\[2J.* npm: It printed more than 16 MiB\. gem: gem ended with/,
  );
});

test('a tool that hangs is stopped with the scanner’s time', async () => {
  const hanging = look({ 'usr/bin/pip3': pip, 'usr/bin/npm': 'sleep 8646' }, 2000);
  await expect(hanging).rejects.toThrow('timeout');
});
