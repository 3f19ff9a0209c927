import * as z from 'zod';

/** Limits for an image that was made to exhaust the builder. */
export const packageListLimits = { packages: 20_000, repositories: 200, bytes: 16 * 1024 * 1024 } as const;

/** Printable, without spaces: names, versions and addresses as distributions write them. */
const word = (longest: number) => z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${longest}}$`));
const address = word(2000).regex(/^https?:\/\/[^/]/);

const packageSchema = z.object({
  name: word(200),
  /** With epoch and release where the package manager has them: `1:2.3-4`. */
  version: word(200),
  /** As the package manager writes it: `amd64`, `all`, `x86_64`, `noarch`. */
  architecture: word(40),
  /** The source package, where it has another name or version. */
  source: z.object({ name: word(200), version: word(200) }).optional(),
  /** The image's configuration holds this package at its version. */
  held: z.literal(true).optional(),
});

const repositorySchema = z.discriminatedUnion('type', [
  /** A line of `sources.list`; a suite that ends in a slash is a flat repository, which has no components. */
  z.object({ type: z.literal('apt'), url: address, suite: word(200), components: z.array(word(100)).max(50) }),
  z.object({ type: z.literal('apk'), url: address }),
  /** Equivalent addresses; for `rpm-mirrors`, the address of a list of them. */
  z.object({ type: z.literal('rpm'), id: word(200), urls: z.array(address).min(1).max(50) }),
  z.object({ type: z.literal('rpm-mirrors'), id: word(200), url: address }),
]);

const distributionSchema = z.object({
  /** `debian`, `alpine`, `fedora` */
  id: word(100),
  /** `12`; absent for rolling distributions. */
  version: word(100).optional(),
});

/** The packages that an image's own database lists, and the repositories that its package manager would search for newer versions. */
export const packageListSchema = z.object({
  version: z.literal(1),
  distribution: distributionSchema.optional(),
  contents: z.discriminatedUnion('state', [
    z.object({
      state: z.literal('read'),
      manager: z.enum(['dpkg', 'apk', 'rpm']),
      /** The architecture that the package manager installs: `amd64`, `x86_64`, `aarch64`. */
      architecture: word(40),
      packages: z.array(packageSchema).max(packageListLimits.packages),
      repositories: z.array(repositorySchema).max(packageListLimits.repositories),
    }),
    /** The image has no package database. */
    z.object({ state: z.literal('none') }),
    z.object({ state: z.literal('unreadable'), reason: z.string().max(500) }),
  ]),
});

export type PackageList = z.infer<typeof packageListSchema>;
export type InstalledPackages = Extract<PackageList['contents'], { state: 'read' }>;
export type PackageManager = InstalledPackages['manager'];
export type InstalledPackage = z.infer<typeof packageSchema>;
export type PackageRepository = z.infer<typeof repositorySchema>;
export type Distribution = z.infer<typeof distributionSchema>;

/** Leaves out entries in a form that no distribution writes, so that one such entry does not hide the others. */
export function wellFormedPackages(found: readonly InstalledPackage[]): InstalledPackage[] {
  return found.filter((each) => packageSchema.safeParse(each).success).slice(0, packageListLimits.packages);
}

export function wellFormedRepositories(found: readonly PackageRepository[]): PackageRepository[] {
  return found.filter((each) => repositorySchema.safeParse(each).success).slice(0, packageListLimits.repositories);
}

export function wellFormedDistribution(found: { id: string; version?: string }): Distribution | undefined {
  return distributionSchema.safeParse(found).data;
}
