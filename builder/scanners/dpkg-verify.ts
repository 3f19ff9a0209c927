import type { InstalledPackage } from '../../core/model/package-list.ts';
import { parseDebsums, parseDpkgVerify } from '../../core/scanners/file-integrity/verify-output.ts';
import {
  asArguments,
  lastLine,
  mustKnow,
  type PackageOrigin,
  type Tools,
  type Verify,
  VerifyFailedError,
} from './verify.ts';

/** dpkg's warning where it has nothing to compare with. It then continues, and ends with 0. */
const noFileList = /files list file for package '[^']*' missing/;

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg has variables of its own
const format = '${Package} ${Version}\\n';

/** `dpkg --verify`; `debsums` where dpkg is older than 1.17 and the image has that. */
export const verifyDpkg: Verify = async (tools, packages) => {
  const listed = await tools.run('dpkg-query', '--show', '--showformat', format);
  if (listed.code !== 0) throw new VerifyFailedError(`dpkg could not list the packages: ${lastLine(listed)}`);
  mustKnow('dpkg', packages, new Set(listed.stdout.split('\n')));
  const verified = await tools.run('dpkg', '--verify');
  const owners = (paths: readonly string[]) => ownersOf(tools, paths, packages);
  if (/unknown option/i.test(verified.stderr)) return { ...(await debsums(tools)), owners };
  if (verified.code !== 0) throw new VerifyFailedError(`dpkg could not verify: ${lastLine(verified)}`);
  const missing = noFileList.exec(verified.stderr)?.[0];
  if (missing !== undefined) throw new VerifyFailedError(`dpkg could not verify every package: ${missing}`);
  return { ...parseDpkgVerify(verified.stdout), owners };
};

async function debsums(tools: Tools) {
  const checked = await tools.run('debsums', '--changed', '--silent');
  // 2 is for files that are changed. https://manpages.debian.org/bookworm/debsums/debsums.1.en.html#EXIT_STATUS
  if (checked.code !== 0 && checked.code !== 2) {
    throw new VerifyFailedError(`debsums could not verify: ${lastLine(checked)}`);
  }
  return parseDebsums(checked.stdout);
}

/** One line for each: `libc6:amd64, libc6:i386: /path`. */
async function ownersOf(
  tools: Tools,
  paths: readonly string[],
  packages: readonly InstalledPackage[],
): Promise<Map<string, PackageOrigin>> {
  const versions = new Map(packages.map(({ name, version }) => [name, version]));
  const { stdout } = await tools.run('dpkg-query', '--search', ...asArguments(paths));
  const owners = new Map<string, PackageOrigin>();
  for (const line of stdout.split('\n')) {
    const [, owner = '', path = ''] = /^([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?(?:, [^/]*)?: (\/.*)$/.exec(line) ?? [];
    if (path !== '') owners.set(path, { package: [owner, versions.get(owner)].filter(Boolean).join(' ') });
  }
  return owners;
}
