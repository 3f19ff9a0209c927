import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Container, EngineCall } from '../../../builder/engines/engine.ts';
import type { BuildLog } from '../../../builder/log.ts';
import { run } from '../../../builder/process.ts';
import { fileIntegrity } from '../../../builder/scanners/file-integrity.ts';
import type { ScanSubject } from '../../../builder/scanners/scanner.ts';
import type { InstalledPackage, PackageList } from '../../../core/model/package-list.ts';
import { mostFindings, scannerReportSchema } from '../../../core/scanners/report.ts';
import { lastGuard } from '../../limits.ts';

let workspace: string;
beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'file-integrity-'));
});
afterAll(() => rmSync(workspace, { recursive: true }));

type Manager = 'rpm' | 'dpkg' | 'apk';

const hello = (version: string): InstalledPackage => ({ name: 'hello', version, architecture: 'noarch' });
const installed: Record<Manager, InstalledPackage> = {
  rpm: hello('1.0-3'),
  dpkg: hello('1.0-3'),
  apk: hello('1.0-r3'),
};
/** What each says of its packages when it is well. */
const listing: Record<Manager, string> = {
  rpm: 'hello\t1.0-3\t(none)\t(none)\n\t/usr/bin/hello\n',
  dpkg: 'hello 1.0-3\n',
  apk: 'hello-1.0-r3\n',
};

function packagesOf(manager: Manager): PackageList {
  const contents = { manager, architecture: 'noarch', packages: [installed[manager]], repositories: [] };
  return { version: 1, contents: { state: 'read', ...contents } };
}

/**
 * Looks with tools that are a shell script of this machine: `list` is what they answer to the question for packages, `verify` to that for
 * files.
 */
async function look(manager: Manager, verify: string, list = `printf '%s' "$LISTING"`, signal?: AbortSignal) {
  const calls: Container[] = [];
  const engine = {
    // An image with nothing in it.
    files: (_image: string, _paths: string[], _call: EngineCall, use: (folder: string) => unknown) => use(workspace),
    run(container: Container, call: EngineCall) {
      calls.push(container);
      const isListing = /--show|-qa|--verbose/.test(container.command.join(' '));
      const env = { PATH: '/usr/bin:/bin', LISTING: listing[manager] };
      const { outputLimit } = container;
      return run('sh', ['-c', isListing ? list : verify], {
        env,
        signal: call.signal,
        ...(outputLimit ? { outputLimit } : {}),
      });
    },
  };
  const call = {
    workspace,
    registry: { url: 'http://localhost:1', host: 'localhost:1' },
    env: {},
    signal: signal ?? lastGuard(),
  };
  const found = await fileIntegrity(
    { engine, image: 'x', packages: packagesOf(manager) } as unknown as ScanSubject,
    call,
    {} as BuildLog,
  );
  const { total = found.findings.length } = found;
  scannerReportSchema.parse({ scanner: 'file-integrity', seconds: 0, ...found, total });
  return { ...found, calls };
}

const managers: Manager[] = ['rpm', 'dpkg', 'apk'];

test.each(managers)('%s is run without network, as root who may read every file and no more', async (manager) => {
  const { state, findings, calls } = await look(manager, 'exit 0');
  expect({ state, findings }).toEqual({ state: 'complete', findings: [] });
  for (const { hasNetwork, user, capabilities, folder, isReadOnly } of calls) {
    expect({ hasNetwork, user, capabilities, folder, isReadOnly }).toEqual({
      isReadOnly: manager !== 'rpm',
      hasNetwork: false,
      user: 'root',
      capabilities: ['DAC_READ_SEARCH'],
      folder: undefined,
    });
  }
});

test.each(managers)('a %s that does nothing and ends well is no pass', async (manager) => {
  await expect(look(manager, 'exit 0', 'exit 0')).rejects.toThrow(
    `${manager} knows nothing of hello ${installed[manager].version}, which the image's database has.`,
  );
});

test.each(managers)(
  'a %s that prints garbage and ends well is no pass, and the garbage is harmless',
  async (manager) => {
    const { state, reason } = await look(manager, String.raw`printf '<b>\033[31mall \342\200\256fine</b>\n'`);
    expect(state).toBe('failed');
    expect(reason).toBe(`${manager} prints what it never prints: <b>\\u001b[31mall \\u202efine</b>`);
  },
);

test.each(managers)('a %s that prints without an end is stopped, and no pass', async (manager) => {
  await expect(look(manager, 'exec cat /dev/zero')).rejects.toThrow('It printed more than 64 MiB.');
});

test.each(managers)('a %s that hangs is stopped with the scanner', async (manager) => {
  await expect(look(manager, 'exec sleep 60', undefined, AbortSignal.timeout(500))).rejects.toThrow('timeout');
});

test.each(managers)('a %s that fails without a word is no pass', async (manager) => {
  await expect(look(manager, 'exit 3')).rejects.toThrow('it ended with 3 and said nothing');
});

test.each(managers)('an image whose %s is gone is not scanned', async (manager) => {
  const gone = `echo 'exec: "x": executable file not found in $PATH' >&2; exit 127`;
  expect(await look(manager, gone, gone)).toMatchObject({
    state: 'not-applicable',
    reason: `The image has packages, but no ${manager} that can be run, and nothing that says how their files should be.`,
  });
});

test('a package that rpm cannot read is no pass, whatever is said of the others', async () => {
  const script = `echo '..5......    /usr/bin/hello'; echo 'error: rpmdbNextIterator: skipping h#7' >&2; exit 1`;
  await expect(look('rpm', script)).rejects.toThrow('rpm could not verify every package: error: rpmdbNextIterator');
});

test('names of files with line breaks and escapes are no pass and no danger', async () => {
  const { state, findings } = await look(
    'rpm',
    String.raw`printf '..5......    /usr/bin/hello\n..5......    /usr/\033]0;x\007y\nname\n'; exit 1`,
  );
  expect(state).toBe('failed');
  expect(findings.map(({ path }) => path)).toEqual(['/usr/bin/hello', '/usr/\\u001b]0;x\\u0007y']);
});

test('of very many files the first are listed, and all are counted', async () => {
  const { findings, total } = await look('rpm', `seq -f '..5......    /usr/lib/%.0f' 12000; exit 1`);
  expect(total).toBe(12_000);
  expect(findings).toHaveLength(mostFindings);
});

test('an older dpkg that cannot verify is helped out by debsums', async () => {
  const script = `echo 'dpkg: error: unknown option --verify' >&2; echo /usr/bin/hello; exit 2`;
  const { findings } = await look('dpkg', script);
  expect(findings).toEqual([{ path: '/usr/bin/hello', problems: ['digest'] }]);
});

test('an image whose digests were removed to make it smaller was not scanned', async () => {
  const info = join(workspace, 'var/lib/dpkg/info');
  mkdirSync(info, { recursive: true });
  for (let at = 10; at < 30; at += 1) writeFileSync(join(info, `p${at}.list`), `/.\n/usr\n/usr/bin\n/usr/bin/p${at}\n`);
  for (const name of ['docs', 'conf']) {
    writeFileSync(join(info, `${name}.list`), `/.\n/usr/share/doc/${name}/copyright\n/etc/${name}\n`);
  }
  const { state, reason, total } = await look('dpkg', 'exit 0');
  rmSync(join(workspace, 'var'), { recursive: true });

  expect({ state, total }).toEqual({ state: 'failed', total: 20 });
  expect(reason).toContain('of 20 packages were removed from the image, /var/lib/dpkg/info/p10.md5sums among them');
});

test.each<[PackageList['contents'], string, string]>([
  [{ state: 'none' }, 'not-applicable', 'The image has no package database.'],
  [{ state: 'unreadable', reason: 'too large' }, 'failed', 'The package database cannot be read: too large'],
])('packages: %j', async (contents, state, reason) => {
  const subject = { packages: { version: 1, contents } } as unknown as ScanSubject;
  expect(await fileIntegrity(subject, {} as EngineCall, {} as BuildLog)).toEqual({ state, reason, findings: [] });
});
