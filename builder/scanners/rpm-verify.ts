import { parseRpmVerify } from '../../core/scanners/file-integrity/verify-output.ts';
import { lastLine, mustKnow, type PackageOrigin, type Verify, VerifyFailedError } from './verify.ts';

/** The one of these digests that a package has, in rpm's own order. */
const signature = ['DSAHEADER', 'RSAHEADER', 'SIGGPG', 'SIGPGP'].reduceRight(
  (otherwise, tag) => `%|${tag}?{%{${tag}:pgpsig}}:{${otherwise}}|`,
  '(none)',
);
/** Of every package a line, then its files, each after a tab. */
const format = `%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\t%{VENDOR}\\t${signature}\\n[\\t%{FILENAMES}\\n]`;

/**
 * `rpm -Va` without checks that do not concern files: dependencies, and the scripts of packages. One query finds the owners of all
 * files, and also shows whether rpm can read its database at all.
 */
export const verifyRpm: Verify = async (tools, packages) => {
  const listed = await tools.run('rpm', '-qa', '--queryformat', format);
  if (listed.code !== 0) throw new VerifyFailedError(`rpm could not list the packages: ${lastLine(listed)}`);
  const { known, owners } = readOwners(listed.stdout);
  mustKnow('rpm', packages, known);
  const verified = await tools.run('rpm', '-Va', '--nodeps', '--noscripts', '--nomtime');
  // Errors of the database, or of a package in it, are printed there; the exit code is 1, as for a changed file.
  const fault = /^error: .*$/m.exec(verified.stderr)?.[0];
  if (fault !== undefined) throw new VerifyFailedError(`rpm could not verify every package: ${fault}`);
  const found = parseRpmVerify(verified.stdout);
  if (verified.code !== 0 && found.files.length === 0 && found.oddLine === undefined) {
    throw new VerifyFailedError(`rpm could not verify: ${lastLine(verified)}`);
  }
  return { ...found, owners: async () => owners };
};

function readOwners(text: string): { known: Set<string>; owners: Map<string, PackageOrigin> } {
  const known = new Set<string>();
  const owners = new Map<string, PackageOrigin>();
  let owner: PackageOrigin = {};
  for (const line of text.split('\n')) {
    if (line.startsWith('\t')) {
      owners.set(line.slice(1), owner);
      continue;
    }
    const [name = '', version = '', vendor = '(none)', signed = '(none)'] = line.split('\t');
    known.add(`${name} ${version.replace(/^0:/, '')}`);
    owner = {
      package: `${name}-${version}`,
      signature: signed === '(none)' ? undefined : signed,
      vendor: vendor === '(none)' ? undefined : vendor,
    };
  }
  return { known, owners };
}
