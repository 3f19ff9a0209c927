import { afterAll, beforeAll, expect, test } from 'vitest';
import { BuildLog } from '../../builder/log.ts';
import { listContents } from '../../builder/packages/keep-packages.ts';
import { Redaction } from '../../builder/redaction.ts';
import { scanImage } from '../../builder/scan.ts';
import type { ScanSubject } from '../../builder/scanners/scanner.ts';
import { mostFindings, scannerNames, scannerReportsSchema } from '../../core/scanners/report.ts';
import { hiddenCharacter } from '../../core/text/visible.ts';
import { eventually } from '../eventually.ts';
import { runningCommands } from '../running-commands.ts';
import { busybox } from './builder-setup.ts';
import { Images } from './images.ts';

let images: Images;
let base: string;
beforeAll(async () => {
  images = await Images.open();
  base = await images.make({ ...busybox.files, Dockerfile: busybox.dockerfile });
});
afterAll(() => images[Symbol.asyncDispose]());

/** The reports on an image whose apt and pip are these scripts, and the log. */
async function scan(
  scripts: { apt: string; pip?: string },
  { timeout, signal }: { timeout?: number; signal?: AbortSignal } = {},
) {
  const image = await images.make({
    Dockerfile: `FROM ${base}\nCOPY root/ /\n`,
    'root/var/lib/dpkg/status': 'Package: p1\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n',
    'root/usr/bin/apt-get': `#!/bin/sh\n[ "$1" != indextargets ] || echo target\n`,
    'root/usr/bin/apt': `#!/bin/sh\n${scripts.apt}\n`,
    ...(scripts.pip === undefined ? {} : { 'root/usr/bin/pip3': `#!/bin/sh\n${scripts.pip}\n` }),
  });
  const call = images.call(signal);
  const { engine } = images;
  const configuration = Promise.resolve({ labels: {}, path: '' });
  const contents = await listContents({ engine, image, configuration, call });
  let text = '';
  const log = new BuildLog({
    redaction: new Redaction(),
    console: (line) => {
      text += line;
    },
    store: async () => undefined,
  });
  const subject: ScanSubject = {
    engine,
    image,
    reference: `localhost/candidate/demo/app@sha256:${'0'.repeat(64)}`,
    release: 'localhost/demo/app',
    createdAt: new Date(0),
    architecture: 'arm64',
    labels: async () => ({}),
    ...contents,
    checkout: call.workspace,
    dockerfile: `${call.workspace}/Dockerfile`,
    dockerfileName: 'Dockerfile',
    keepSbom: async () => undefined,
    generatedSbom: Promise.reject(new Error('There is no generator.')),
    test: undefined,
  };
  const reports = await scanImage(subject, { call, log, ...(timeout === undefined ? {} : { timeout }) });
  await log.close();
  expect(scannerReportsSchema.parse(reports)).toEqual(reports);
  const of = (name: (typeof scannerNames)[number]) => reports.reports.find(({ scanner }) => scanner === name);
  return { reports: reports.reports, of, lines: text.trim().split('\n') };
}

test('every scanner has a report and a line in the log, whatever came of the others', async () => {
  const { reports, lines, of } = await scan({ apt: 'exit 3' });

  expect(reports.map(({ scanner }) => scanner)).toEqual(scannerNames);
  expect(of('package-updates')).toMatchObject({ state: 'failed', reason: 'apt ended with 3: it gave no reason' });
  expect(of('language-updates')).toMatchObject({ state: 'not-applicable' });
  for (const name of scannerNames) expect(lines.filter((line) => line.startsWith(`${name}: `))).toHaveLength(1);
});

test('one that hangs is timed out, and nobody waits longer for the others', async () => {
  // A slow machine may not get through with the others in so little time.
  let seconds = 2;
  let of: Awaited<ReturnType<typeof scan>>['of'];
  do {
    seconds *= 2;
    ({ of } = await scan({ apt: 'sleep 8647', pip: 'echo "[]"' }, { timeout: seconds * 1000 }));
  } while (of('language-updates')?.state === 'timed-out');

  expect(of('package-updates')).toMatchObject({
    state: 'timed-out',
    reason: `It did not end within ${seconds} seconds.`,
    findings: [],
    total: 0,
  });
  expect(of('language-updates')).toMatchObject({ state: 'complete' });
  expect(of('language-updates')?.seconds).toBeLessThan(seconds);
});

test('one that prints too much has failed; what a tool says is in report and log without anything that cannot be seen', async () => {
  const { of, lines } = await scan({ apt: 'yes', pip: "printf 'E: \\033[2J\\342\\200\\256evil\\n' >&2; exit 1" });
  expect(of('package-updates')).toMatchObject({ state: 'failed', reason: 'It printed more than 16 MiB.' });
  expect(of('language-updates')?.reason).toContain('pip3 ended with 1: E: \\u001b[2J\\u202eevil');
  expect(lines.join('').search(hiddenCharacter)).toBe(-1);
});

test('more findings than a report has are counted', async () => {
  const { of, lines } = await scan({
    apt: "seq 1 10007 | sed 's/.*/p&\\/stable 2 amd64 [upgradable from: 1]/'",
  });

  expect(of('package-updates')).toMatchObject({ state: 'complete', total: 10_007 });
  expect(of('package-updates')?.findings).toHaveLength(mostFindings);
  expect(lines.join('\n')).toContain('package-updates: 10007 findings');
});

test('a build that is stopped does not wait for its scanners', async () => {
  const stop = new AbortController();
  const scanning = scan({ apt: 'sleep 8648' }, { signal: stop.signal });
  const stopped = expect(scanning).rejects.toThrow('the build was stopped');
  await eventually(async () => expect(await runningCommands()).toMatch(/^sleep 8648/m));
  stop.abort(new Error('the build was stopped'));
  await stopped;
});
