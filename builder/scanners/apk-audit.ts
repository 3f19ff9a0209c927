import { parseApkAudit } from '../../core/scanners/file-integrity/verify-output.ts';
import {
  asArguments,
  lastWords,
  mustKnow,
  type PackageOrigin,
  type Tools,
  type Verify,
  VerifyFailedError,
} from './verify.ts';

/**
 * `apk audit --system`: what packages brought and is changed since, but for what apk keeps as configuration. Without
 * `--check-permissions` a program that became setuid would be none.
 */
export const auditApk: Verify = async (tools, packages) => {
  const asked = await tools.run('apk', 'info', '--verbose');
  if (asked.code !== 0) throw new VerifyFailedError(`apk could not list the packages: ${lastWords(asked)}`);
  // `libc-utils-0.7.2-r5`
  const known = asked.stdout.split('\n').map((line) => line.replace(/^(\S+)-([^\s-]+-r\d+)\b.*$/, '$1 $2'));
  mustKnow('apk', packages, new Set(known));
  const audited = await tools.run('apk', 'audit', '--system', '--recursive', '--check-permissions');
  if (audited.code !== 0) throw new VerifyFailedError(`apk could not audit: ${lastWords(audited)}`);
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
