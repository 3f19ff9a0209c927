import { parseApkAudit } from '../../core/scanners/file-integrity/verify-output.ts';
import {
  asArguments,
  lastLine,
  mustKnow,
  type PackageOrigin,
  type Tools,
  type Verify,
  VerifyFailedError,
} from './verify.ts';

/**
 * `apk audit --system`: files of packages that have changed, except those that apk treats as configuration. It reports a program that
 * became setuid only with `--check-permissions`.
 */
export const auditApk: Verify = async (tools, packages) => {
  const listed = await tools.run('apk', 'info', '--verbose');
  if (listed.code !== 0) throw new VerifyFailedError(`apk could not list the packages: ${lastLine(listed)}`);
  // `libc-utils-0.7.2-r5`
  const known = listed.stdout.split('\n').map((line) => line.replace(/^(\S+)-([^\s-]+-r\d+)\b.*$/, '$1 $2'));
  mustKnow('apk', packages, new Set(known));
  const audited = await tools.run('apk', 'audit', '--system', '--recursive', '--check-permissions');
  if (audited.code !== 0) throw new VerifyFailedError(`apk could not audit: ${lastLine(audited)}`);
  return { ...parseApkAudit(audited.stdout), owners: (paths) => ownersOf(tools, paths) };
};

async function ownersOf(tools: Tools, paths: readonly string[]): Promise<Map<string, PackageOrigin>> {
  const { stdout } = await tools.run('apk', 'info', '--who-owns', ...asArguments(paths));
  return new Map(
    stdout.split('\n').flatMap((line): [string, PackageOrigin][] => {
      const [, path, owner] = /^(\/.*) (?:symlink target )?is owned by (\S+)$/.exec(line) ?? [];
      return path === undefined || owner === undefined ? [] : [[path, { package: owner }]];
    }),
  );
}
