import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProjectTest } from '../../../builder/cccp-file.ts';
import { BuildLog } from '../../../builder/log.ts';
import { Redaction } from '../../../builder/redaction.ts';
import type { ScanSubject } from '../../../builder/scanners/scanner.ts';
import { userTest } from '../../../builder/scanners/user-test.ts';
import { scannerReportSchema } from '../../../core/scanners/report.ts';
import { describeFailedTest } from '../../../core/scanners/user-test/user-test.ts';
import { hiddenCharacter } from '../../../core/text/visible.ts';
import { runningCommands } from '../../running-commands.ts';
import { busybox } from '../builder-setup.ts';
import { Images } from '../images.ts';

let images: Images;
let image: string;
let withoutShell: string;
let checkout: string;

beforeAll(async () => {
  images = await Images.open();
  image = await images.make({
    ...busybox.files,
    Dockerfile: `${busybox.dockerfile}RUN mkdir -p /etc /app /tmp && chmod 1777 /tmp && chown 1001:1002 /app
COPY passwd /etc/passwd
COPY tool /opt/tools/tool
ENV COLOUR=blue PATH=/opt/tools:/bin
WORKDIR /app
USER app
ENTRYPOINT ["/bin/false"]
`,
    passwd: 'root:x:0:0::/root:/bin/sh\napp:x:1001:1002::/app:/bin/sh\n',
    tool: '#!/bin/sh\necho a tool of the image\n',
  });
  withoutShell = await images.make({ Dockerfile: 'FROM scratch\nCOPY file /file\n', file: 'text\n' });
  checkout = mkdtempSync(join(tmpdir(), 'checkout-'));
  chmodSync(checkout, 0o755);
});
afterAll(async () => {
  rmSync(checkout, { recursive: true });
  await images[Symbol.asyncDispose]();
});

/** What comes of a script in the checkout, and what the log has. */
async function look(
  script: string | undefined,
  fields: Partial<ProjectTest> & { image?: string; signal?: AbortSignal } = {},
) {
  const { image: tested = image, signal, ...own } = fields;
  const given: ProjectTest = { script: 'tests/run.sh', folders: ['.'], hasNetwork: false, seconds: 30, ...own };
  if (script !== undefined) write('tests/run.sh', script);
  let text = '';
  const log = new BuildLog({
    redaction: new Redaction(),
    console: (line) => {
      text += line;
    },
    store: async () => undefined,
  });
  const subject = {
    engine: images.engine,
    image: tested,
    reference: 'localhost:1/candidate/demo/app@sha256:1',
    checkout,
    test: given,
  } as Partial<ScanSubject> as ScanSubject;
  const found = await userTest(subject, images.call(signal), log);
  await log.close();
  // What it gives can be stored.
  scannerReportSchema.parse({ scanner: 'user-test', total: found.findings.length, seconds: 1, ...found });
  return { ...found, log: text, words: found.findings.map(describeFailedTest).map(({ sentence }) => sentence) };
}

function write(name: string, text: string, mode = text.startsWith('#!') ? 0o755 : 0o644) {
  mkdirSync(dirname(join(checkout, name)), { recursive: true });
  writeFileSync(join(checkout, name), text);
  chmodSync(join(checkout, name), mode);
}

test('a script runs as the image’s user, in its environment, beside the files of the checkout', async () => {
  write('fixtures/expected', 'blue\n');
  const { state, findings, log } = await look(
    '#!/bin/sh\nset -e\nid -u; tool; pwd; [ "$COLOUR" = "$(cat fixtures/expected)" ]\necho $CONTAINER_NAME $CI; touch /tmp/x /app/x\n',
  );

  expect({ state, findings }, log).toEqual({ state: 'complete', findings: [] });
  expect(log).toMatch(/^==> user-test \(.*\)\ntests\/run\.sh, for 30 s at most, without the network\n/);
  expect(log).toContain('user-test | 1001\nuser-test | a tool of the image\nuser-test | /source\n');
  expect(log).toContain('user-test | localhost:1/candidate/demo/app@sha256:1 true\n');
});

test('a script that ends with anything but 0 is a finding with its code and its last lines', async () => {
  const { state, findings, words } = await look(
    'exec 2>&1; i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo line $i; done; echo no answer >&2; exit 3\n',
  );

  expect(state).toBe('complete');
  expect(findings).toEqual([{ script: 'tests/run.sh', exitCode: 3, lastLines: expect.any(Array) }]);
  expect(findings[0]?.lastLines).toHaveLength(20);
  expect(findings[0]?.lastLines.slice(-2)).toEqual(['line 30', 'no answer']);
  expect(words).toEqual(['the test tests/run.sh ended with exit code 3: no answer']);
});

test('a server of the image can be asked within the container, and nothing outside of it can', async () => {
  const { findings, log } = await look(
    '#!/bin/sh\necho served > /tmp/page\nhttpd -p 127.0.0.1:8080 -h /tmp || exit 9\nwget -qO- http://127.0.0.1:8080/page || exit 8\ntail -n +3 /proc/net/dev | cut -d: -f1\n',
  );

  expect(findings, log).toEqual([]);
  expect(log).toContain('user-test | served\n');
  expect(log).toMatch(/user-test \| +lo\n(?!user-test)/);
});

test('the checkout cannot be written to', async () => {
  const { findings } = await look('#!/bin/sh\necho x > report; echo x >> tests/run.sh; mkdir made; true\n');

  expect(findings).toEqual([]);
  expect(readdirSync(checkout).sort()).toEqual(['fixtures', 'tests']);
});

test('a script that never ends is stopped with what it started, and says so', async () => {
  const hanging = 'sleep 8651 &\necho time=1 level=info msg=begun\nsleep 8652\n';
  let seconds = 2;
  let stopped = await look(hanging, { seconds });
  // A busy machine needs longer to begin.
  while (!stopped.log.includes('msg=begun')) {
    seconds *= 2;
    stopped = await look(hanging, { seconds });
  }

  const lastLines = ['time=1 level=info msg=begun'];
  expect(stopped.findings).toEqual([{ script: 'tests/run.sh', stoppedAfter: seconds, lastLines }]);
  expect(stopped.words).toEqual([`the test tests/run.sh was stopped after ${seconds} seconds: ${lastLines[0]}`]);
  await expect.poll(runningCommands).not.toMatch(/^sleep 865[12]$/m);
});

test('what a script leaves running does not outlive it, and does not keep it from passing', async () => {
  const { state, findings } = await look('sleep 8653 &\nexit 0\n');

  expect({ state, findings }).toEqual({ state: 'complete', findings: [] });
  await expect.poll(runningCommands).not.toMatch(/^sleep 8653$/m);
});

test('a script that prints without end is stopped, and what the log has of it is bounded', async () => {
  const { findings, words, log } = await look('#!/bin/sh\nyes 8654\n');

  expect(words).toEqual(['the test tests/run.sh was stopped: it printed more than 2 MiB']);
  expect(findings[0]).toMatchObject({ lastLines: expect.arrayContaining(['8654']) });
  expect(log.length).toBeLessThan(20 * 2 ** 20);
});

test('one line without an end, escapes and markup are shown as harmless text', async () => {
  const { findings, log } = await look(
    "#!/bin/sh\nprintf '\\033[31mred\\033[0m \\033]0;title\\007<b>bold</b> \\342\\200\\256txt\\n'\nhead -c 200000 /dev/zero | tr '\\0' x\nexit 1\n",
  );

  const [finding] = findings;
  expect(finding?.lastLines[0]).toBe('red <b>bold</b> \ufffdtxt');
  expect(finding?.lastLines.every((line) => line.length <= 300)).toBe(true);
  expect(log).not.toMatch(hiddenCharacter);
});

test('the script is meant from the Dockerfile’s folder before the repository’s root, and runs there', async () => {
  write('images/app/check.sh', 'pwd\n');
  write('check.sh', 'echo the other; exit 1\n');
  const beside = await look(undefined, { script: 'check.sh', folders: ['images/app', '.'] });
  expect(beside.findings).toEqual([]);
  expect(beside.log).toContain('user-test | /source/images/app\n');

  const fromRoot = await look(undefined, { script: 'images/app/check.sh', folders: ['images/app', '.'] });
  expect(fromRoot.findings).toEqual([]);
  expect(fromRoot.log).toContain('user-test | /source\n');
});

test.each([
  ['is not there', 'tests/nothing.sh', 'is not in the repository'],
  ['leads out by its name', '../../../../../../../../../etc/passwd', 'leads out of the repository or is not a file'],
  ['leads out by a link', 'outside.sh', 'leads out of the repository or is not a file'],
  ['is a folder', 'tests', 'leads out of the repository or is not a file'],
  ['has a name that no file can have', 'a\0b', 'is not in the repository'],
])('a script that %s has failed', async (_what, script, problem) => {
  rmSync(join(checkout, 'outside.sh'), { force: true });
  symlinkSync('/etc/passwd', join(checkout, 'outside.sh'));
  const { state, findings } = await look(undefined, { script });

  expect(state).toBe('complete');
  expect(findings).toEqual([{ script: expect.any(String), problem, remedy: expect.any(String), lastLines: [] }]);
});

test('an image without the program that would run the script fails the test, with what to do', async () => {
  const shell = await look('echo never\n', { image: withoutShell });
  expect(shell.words).toEqual(['the test tests/run.sh cannot run: the image has no /bin/sh']);
  expect(shell.findings[0]?.remedy).toContain('test-skip: true');

  const other = await look('#!/usr/bin/python3 -I\nprint(1)\n');
  expect(other.words).toEqual(['the test tests/run.sh cannot run: the image has no /usr/bin/python3']);
  expect(other.log).toBe('');
});

test('a project without a test has none to pass, and one whose test nobody can read has not passed', async () => {
  const call = images.call();
  const log = new BuildLog({ redaction: new Redaction(), console: () => undefined, store: async () => undefined });
  const withTest = (given: ScanSubject['test']) => userTest({ test: given } as ScanSubject, call, log);

  expect(await withTest(undefined)).toMatchObject({ state: 'not-applicable', findings: [] });
  expect(await withTest('It is not valid YAML.')).toMatchObject({ state: 'failed', reason: 'It is not valid YAML.' });
});
