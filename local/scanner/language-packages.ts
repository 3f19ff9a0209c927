import { z } from 'zod';
import { comparePython, compareSemver } from './language-versions.ts';
import type { Compare } from './version-order.ts';

/** A package that a program of the image brought, and where its files say so. */
export interface LanguagePackage {
  name: string;
  version: string;
  path: string;
}

/** How OSV and Inspector name a language's packages, and where they are in an image. */
interface Language {
  ecosystem: string;
  /** https://docs.aws.amazon.com/inspector/v2/APIReference/API_VulnerablePackage.html */
  packageManager: string;
  compare: Compare;
  file: RegExp;
  read(content: Buffer): Omit<LanguagePackage, 'path'> | undefined;
}

const nodeSchema = z.object({ name: z.string().min(1), version: z.string().min(1) });

export const languages: readonly Language[] = [
  {
    ecosystem: 'npm',
    packageManager: 'NODEPKG',
    compare: compareSemver,
    file: /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/,
    read(content) {
      try {
        return nodeSchema.safeParse(JSON.parse(content.toString('utf8'))).data;
      } catch {
        return undefined;
      }
    },
  },
  {
    ecosystem: 'PyPI',
    packageManager: 'PYTHONPKG',
    compare: comparePython,
    // https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    file: /(?:^|\/)[^/]+(?:\.dist-info\/METADATA|\.egg-info\/PKG-INFO|\.egg-info)$/,
    read(content) {
      const [headers = ''] = content.toString('utf8').replaceAll('\r\n', '\n').split('\n\n', 1);
      const value = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(headers)?.[1]?.trim();
      const [name, version] = [value('Name'), value('Version')];
      return name && version ? { name: pythonName(name), version } : undefined;
    },
  },
];

/** https://packaging.python.org/en/latest/specifications/name-normalization/ */
export function pythonName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

export function isLanguageFile(path: string): boolean {
  return languages.some(({ file }) => file.test(path));
}

export function readLanguagePackages(files: Map<string, Buffer>, { file, read }: Language): LanguagePackage[] {
  return [...files].flatMap(([path, content]) => {
    const found = file.test(path) ? read(content) : undefined;
    return found ? [{ ...found, path }] : [];
  });
}
