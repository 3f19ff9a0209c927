import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BuildLog } from '../../../builder/log.ts';
import { exists } from '../../../builder/process.ts';
import { Redaction } from '../../../builder/redaction.ts';
import { dockerfileLint } from '../../../builder/scanners/dockerfile-lint.ts';
import type { ScanSubject } from '../../../builder/scanners/scanner.ts';
import { scannerReportSchema } from '../../../core/scanners/report.ts';
import { lastGuard } from '../../limits.ts';
import { runningCommands } from '../../running-commands.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lint '));
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'checkout'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const usualPath = process.env.PATH ?? '';
const hasHadolint = await exists('hadolint', ['--version'], {
  env: { PATH: usualPath },
  signal: lastGuard(),
});
if (!hasHadolint) console.warn('There is no hadolint on the PATH: what it finds is not tested.');

async function look(dockerfile: string, path = usualPath, signal = lastGuard()) {
  const [checkout, file] = [join(folder, 'checkout'), join(folder, 'checkout', 'Dockerfile')];
  writeFileSync(file, dockerfile);
  const subject = { checkout, dockerfile: file } as ScanSubject;
  const registry = { url: 'http://localhost:1', host: 'localhost:1' };
  const call = { workspace: folder, registry, env: { PATH: path, HOME: folder }, signal };
  let said = '';
  const log = new BuildLog({
    redaction: new Redaction(),
    console: (text) => {
      said += text;
    },
    store: async () => undefined,
  });
  const found = await dockerfileLint(subject, call, log);
  // What it gives can be stored.
  scannerReportSchema.parse({ scanner: 'dockerfile-lint', total: found.findings.length, seconds: 1, ...found });
  return { ...found, log: said, rules: found.findings.map(({ line, rule }) => `${line} ${rule}`) };
}

/** Puts a program in the place of hadolint that says what hadolint's says of its version, and then does that. */
function instead(script: string): string {
  const program = `#!/bin/sh\n[ "$1" = --version ] && echo 'Haskell Dockerfile Linter 2.15.1' && exit\n${script}`;
  writeFileSync(join(folder, 'bin', 'hadolint'), program, { mode: 0o755 });
  return `${join(folder, 'bin')}:${process.env.PATH}`;
}

const bad = `FROM debian AS Base
MAINTAINER somebody
ENV DATABASE_PASSWORD=secret
ADD https://example.com/a.tgz /a/
RUN sudo id
RUN apt-get install curl
WORKDIR work
RUN cat <<EOF > /etc/conf
a
EOF
FROM debian:latest
USER root
CMD run me
`;

test.runIf(hasHadolint)(
  'a bad Dockerfile is reported line by line, by hadolint and by BuildKit’s further checks',
  async () => {
    const { state, tool, rules, findings } = await look(bad);

    expect({ state, tool }).toEqual({ state: 'complete', tool: expect.stringMatching(/^hadolint 2\.\d+\.\d+$/) });
    expect(rules).toEqual(
      expect.arrayContaining([
        '1 DL3006',
        '1 StageNameCasing',
        '2 MaintainerDeprecated',
        '3 SecretsUsedInArgOrEnv',
        '4 RemoteAddWithoutChecksum',
        '5 DL3004',
        '6 DL3014',
        '7 WorkdirRelativePath',
        '11 DL3007',
        '12 DL3002',
        '13 JSONArgsRecommended',
      ]),
    );
    expect(findings.map(({ line }) => line)).toEqual(findings.map(({ line }) => line).sort((a, b) => a - b));
    // Of what a pipeline that follows updates makes harder, nobody is made to do it.
    expect(findings.find(({ rule }) => rule === 'DL3008')).toMatchObject({ level: 'info', line: 6 });
  },
);

test.runIf(hasHadolint)('a good Dockerfile has no findings', async () => {
  const text = 'FROM debian:12\nRUN rm -rf /tmp/*\nUSER 1000\nENTRYPOINT ["/bin/true"]\n';
  expect(await look(text)).toMatchObject({ state: 'complete', findings: [] });
});

test.runIf(hasHadolint)(
  'what the author leaves out is left out: in lines of hadolint, of BuildKit, and in hadolint’s file',
  async () => {
    const all = (await look('FROM debian\nCMD run me\n')).rules;
    expect(all).toEqual(['1 DL3006', '2 JSONArgsRecommended']);
    expect((await look('# hadolint ignore=DL3006\nFROM debian\nCMD run me\n')).rules).toEqual([
      '3 JSONArgsRecommended',
    ]);
    expect((await look('# check=skip=JSONArgsRecommended\nFROM debian\nCMD run me\n')).rules).toEqual(['2 DL3006']);

    writeFileSync(join(folder, 'checkout', '.hadolint.yaml'), 'ignored:\n  - DL3006\n');
    expect((await look('FROM debian\nCMD run me\n')).rules).toEqual(['2 JSONArgsRecommended']);
  },
);

test.runIf(hasHadolint)('a configuration that cannot be read is not used, and the log says so', async () => {
  writeFileSync(join(folder, 'checkout', '.hadolint.yaml'), 'ignored: [DL3006, [[[\n');
  const { state, rules, log } = await look('FROM debian\n');
  expect({ state, rules }).toEqual({ state: 'complete', rules: ['1 DL3006'] });
  expect(log).toBe('warning: hadolint cannot read the repository’s .hadolint.yaml\n');
});

test('a configuration that leads out of the repository is not read', async () => {
  symlinkSync('/etc/passwd', join(folder, 'checkout', '.hadolint.yaml'));
  const { state, reason, rules } = await look('FROM debian As a\n', instead('echo "[]"'));
  expect({ state, reason }).toEqual({
    state: 'failed',
    reason: expect.stringContaining('leads out of the repository'),
  });
  expect(rules).toEqual(['1 FromAsCasing']);
});

test.runIf(hasHadolint)('a file that hadolint cannot read is no clean one', async () => {
  const { state, reason, rules } = await look('FROM debian:12\nEXPOSE 127.0.0.1:80:80\n');
  expect({ state, reason }).toEqual({
    state: 'failed',
    reason: expect.stringContaining('hadolint cannot read line 2'),
  });
  expect(rules).toEqual(['2 ExposeInvalidFormat']);
});

test('without hadolint a bad Dockerfile gets what BuildKit checks, under the same names', async () => {
  const { state, tool, rules } = await look(bad, join(folder, 'bin'));
  expect({ state, tool }).toEqual({ state: 'complete', tool: "BuildKit's checks, without hadolint" });
  expect(rules).toEqual([
    '1 StageNameCasing',
    '2 MaintainerDeprecated',
    '3 SecretsUsedInArgOrEnv',
    '4 RemoteAddWithoutChecksum',
    '7 WorkdirRelativePath',
    '13 JSONArgsRecommended',
  ]);
});

test.each([
  ['prints nothing', 'exit 0', 'is not its usual JSON'],
  ['prints another thing', 'echo "<html>"', 'is not its usual JSON'],
  [
    'fails',
    'printf "\\033[31mout of memory\\n" >&2; exit 251',
    'hadolint could not check the Dockerfile (251): \\u001b[31mout of memory',
  ],
  ['prints without end', 'yes', 'It printed more than 16 MiB'],
])('a linter that %s is no clean Dockerfile', async (_what, script, reason) => {
  expect(await look(bad, instead(script))).toMatchObject({ state: 'failed', reason: expect.stringContaining(reason) });
});

test('a linter that hangs is stopped with what it started', async () => {
  const path = instead('sleep 8661 & exec sleep 8661');
  await expect(look(bad, path, AbortSignal.timeout(1_000))).rejects.toThrow('timeout');
  await expect.poll(runningCommands).not.toMatch(/^sleep 8661$/m);
});

test('more findings than a report may have are counted', async () => {
  const many = '{"code":"DL3006","level":"info","line":1,"message":"x"},';
  const { findings, total } = await look(
    'FROM a:1\n',
    instead(
      `printf '['; i=0; while [ $i -lt 10500 ]; do i=$((i+1)); printf '${many}'; done; printf '${many.slice(0, -1)}]'`,
    ),
  );
  expect({ listed: findings.length, total }).toEqual({ listed: 10_000, total: 10_501 });
});

test('a Dockerfile of 1 MiB is not scanned, and is no clean one', async () => {
  const { state, reason } = await look(`FROM a\n${'RUN a\n'.repeat(170_000)}`);
  expect({ state, reason }).toEqual({ state: 'failed', reason: expect.stringContaining('larger than 256 KiB') });
});
