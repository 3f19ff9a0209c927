/** What an item of a table, or of one of its indexes, is found by. Every key is a text. */
export interface TableKeys {
  readonly key: string;
  readonly sortKey?: string;
  /** By name. An item without these attributes is not in the index. */
  readonly indexes?: Readonly<Record<string, { readonly partition: string; readonly sort?: string }>>;
}

/** The tables: infra/ makes them so, and the modules beside this one query them so. */
export const tableKeys = {
  projects: {
    key: 'name',
    indexes: {
      // The pages list and find projects by name: every item has the attribute `listed`.
      byName: { partition: 'listed', sort: 'name' },
      byJob: { partition: 'listed', sort: 'jobId' },
      bySource: { partition: 'source' },
      // Only projects with a schedule have the attributes.
      byDueTime: { partition: 'scheduled', sort: 'dueAt' },
      // Only projects with exceptions or VEX statements have the attributes.
      byWaiverExpiry: { partition: 'excepting', sort: 'warnAt' },
      // Only projects whose last build ended with a problem have the attributes.
      byProblem: { partition: 'problem', sort: 'problemAt' },
      // Only private projects have the attribute.
      byVisibility: { partition: 'visibility', sort: 'name' },
    },
  },
  builds: {
    key: 'id',
    indexes: {
      byProject: { partition: 'project', sort: 'createdAt' },
      byMonth: { partition: 'month', sort: 'createdAt' },
      byStatus: { partition: 'status', sort: 'createdAt' },
      byCommit: { partition: 'shortCommit', sort: 'createdAt' },
      // Only builds that have ended have an outcome: their project and their status.
      byOutcome: { partition: 'outcome', sort: 'createdAt' },
    },
  },
  bases: { key: 'image' },
  deliveries: {
    key: 'delivery',
    // Only what operators look at has a month.
    indexes: { byMonth: { partition: 'month', sort: 'handledAt' } },
  },
  heads: { key: 'project', sortKey: 'ref' },
  sources: {
    key: 'source',
    // Only sources that cannot be asked have the attribute.
    indexes: { byFailure: { partition: 'failing', sort: 'source' } },
  },
  dependents: { key: 'image', sortKey: 'project' },
  cascades: {
    key: 'id',
    sortKey: 'member',
    indexes: {
      // Only a cascade's own item has the attribute `listed`, and only members that are not done have `open`.
      byStart: { partition: 'listed', sort: 'startedAt' },
      byOpen: { partition: 'open', sort: 'since' },
    },
  },
  releases: {
    // Projects that share a repository may release the same image.
    key: 'project',
    sortKey: 'digest',
    indexes: {
      byProject: { partition: 'project', sort: 'releasedAt' },
      byDigest: { partition: 'digest' },
      // Only images that still exist are rescanned.
      byDueTime: { partition: 'rescan', sort: 'dueAt' },
    },
  },
  targets: {
    key: 'project',
    sortKey: 'target',
    // Only what is to be tried at some time has the attributes.
    indexes: { byDueTime: { partition: 'due', sort: 'dueAt' } },
  },
  urlNotifications: {
    key: 'project',
    sortKey: 'id',
    // Only what is to be tried at some time has the attributes.
    indexes: { byDueTime: { partition: 'due', sort: 'dueAt' } },
  },
  mails: { key: 'mail' },
  addresses: {
    key: 'address',
    // Only addresses that a mail did not reach have the attributes.
    indexes: { byFailure: { partition: 'failing', sort: 'failedAt' } },
  },
} satisfies Record<string, TableKeys>;
