import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { VariableName } from '../services/environment.ts';
import { allow, type Grantee, type Permission } from './permissions.ts';

type Action =
  | 'GetItem'
  | 'BatchGetItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem'
  | 'Query'
  | 'Scan';

const writing: ReadonlySet<Action> = new Set(['PutItem', 'UpdateItem', 'BatchWriteItem']);

interface RecordTableProps {
  key: string;
  sortKey?: string;
  /** By name: the attributes that it is queried by. */
  indexes?: Record<string, { partition: string; sort?: string }>;
  /** Attribute with the second at which DynamoDB deletes an item. */
  expiry?: string;
  /** Attributes that no grantee may write but those that `grantUpdate` names. */
  guarded?: readonly string[];
  variable: VariableName;
}

/** One table per noun. The data outlives the stack. */
export class RecordTable extends Construct {
  readonly table: TableV2;
  readonly #variable: VariableName;
  readonly #indexes: readonly string[];
  readonly #guarded: readonly string[];

  constructor(scope: Construct, id: string, props: RecordTableProps) {
    const { key, sortKey, indexes = {}, expiry, guarded = [], variable } = props;
    super(scope, id);
    const attribute = (name: string) => ({ name, type: AttributeType.STRING });
    this.#variable = variable;
    this.#indexes = Object.keys(indexes);
    this.#guarded = guarded;
    this.table = new TableV2(this, 'Table', {
      partitionKey: attribute(key),
      ...(sortKey ? { sortKey: attribute(sortKey) } : {}),
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // A deployment that fails before it has ended leaves nothing behind that the next one would find in its way.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      globalSecondaryIndexes: Object.entries(indexes).map(([indexName, { partition, sort }]) => ({
        indexName,
        partitionKey: attribute(partition),
        ...(sort ? { sortKey: attribute(sort) } : {}),
      })),
      ...(expiry ? { timeToLiveAttribute: expiry } : {}),
    });
  }

  grant(grantee: Grantee, ...actions: [Action, ...Action[]]): void {
    const writes = this.#guarded.length > 0 ? actions.filter((action) => writing.has(action)) : [];
    const others = actions.filter((action) => !writes.includes(action));
    if (others.length > 0) this.#allow(grantee, others);
    if (writes.length > 0) this.#allow(grantee, writes, this.#without(this.#guarded));
  }

  /** Lets the grantee update items, and among their attributes these, which are guarded. */
  grantUpdate(grantee: Grantee, ...own: [string, ...string[]]): void {
    const unknown = own.filter((attribute) => !this.#guarded.includes(attribute));
    if (unknown.length > 0) throw new Error(`${this.node.path} does not guard ${unknown.join(', ')}.`);
    const others = this.#guarded.filter((attribute) => !own.includes(attribute));
    this.#allow(grantee, ['UpdateItem'], others.length > 0 ? this.#without(others) : undefined);
  }

  /** Lets the grantee put only items whose partition key begins so. */
  grantPut(grantee: Grantee, prefix: string): void {
    this.grantItems(grantee, prefix, 'PutItem');
  }

  /** Lets the grantee do this only with items whose partition key begins so. */
  grantItems(grantee: Grantee, prefix: string, ...actions: [Action, ...Action[]]): void {
    this.#allow(grantee, actions, {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${prefix}*`] },
      Null: { 'dynamodb:LeadingKeys': 'false' },
    });
  }

  #allow(grantee: Grantee, actions: readonly Action[], conditions?: Permission['conditions']): void {
    allow(grantee, {
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [this.table.tableArn],
      ...(conditions && { conditions }),
    });
    grantee.setVariable(this.#variable, this.table.tableName);
  }

  /**
   * A request names each attribute that it writes or tests. `Null` keeps the condition from holding where DynamoDB says nothing of them.
   * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
   */
  #without(attributes: readonly string[]): NonNullable<Permission['conditions']> {
    return {
      'ForAllValues:StringNotEquals': { 'dynamodb:Attributes': attributes },
      Null: { 'dynamodb:Attributes': 'false' },
    };
  }

  /** Lets the grantee query an index. */
  grantQuery(grantee: Grantee, ...indexes: [string, ...string[]]): void {
    const unknown = indexes.filter((index) => !this.#indexes.includes(index));
    if (unknown.length > 0) throw new Error(`${this.node.path} has no index ${unknown.join(', ')}.`);
    allow(grantee, {
      actions: ['dynamodb:Query'],
      resources: indexes.map((index) => `${this.table.tableArn}/index/${index}`),
    });
    grantee.setVariable(this.#variable, this.table.tableName);
  }
}

/** The attributes of the addresses table, by who writes them: the pages, the functions that send mails, and the one that takes the reports of SES. */
export const addressAttributes = {
  answered: ['answer', 'answeredAt'],
  asked: ['asks', 'askedAt', 'askingUntil'],
  reported: ['failure', 'failing', 'failedAt'],
} as const;

/** What Slipway knows: projects and their builds, the state of their sources and bases, what depends on what, and the events it received. */
export class State extends Construct {
  readonly projects: RecordTable;
  readonly builds: RecordTable;
  readonly bases: RecordTable;
  readonly deliveries: RecordTable;
  readonly heads: RecordTable;
  readonly sources: RecordTable;
  readonly dependents: RecordTable;
  readonly cascades: RecordTable;
  readonly releases: RecordTable;
  readonly targets: RecordTable;
  readonly urlNotifications: RecordTable;
  readonly mails: RecordTable;
  readonly addresses: RecordTable;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.projects = new RecordTable(this, 'Projects', {
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
        // Only private projects have the attribute.
        byVisibility: { partition: 'visibility', sort: 'name' },
      },
      guarded: ['judged', 'released'],
      variable: 'PROJECTS_TABLE',
    });
    this.builds = new RecordTable(this, 'Builds', {
      key: 'id',
      indexes: {
        byProject: { partition: 'project', sort: 'createdAt' },
        byMonth: { partition: 'month', sort: 'createdAt' },
        byStatus: { partition: 'status', sort: 'createdAt' },
        byCommit: { partition: 'shortCommit', sort: 'createdAt' },
        // Only builds that have ended have an outcome: their project and their status.
        byOutcome: { partition: 'outcome', sort: 'createdAt' },
      },
      // What a release depends on: each is written by one function alone.
      guarded: ['tokens', 'candidate', 'verdict', 'image'],
      variable: 'BUILDS_TABLE',
    });
    this.bases = new RecordTable(this, 'Bases', { key: 'image', variable: 'BASES_TABLE' });
    this.deliveries = new RecordTable(this, 'Deliveries', {
      key: 'delivery',
      // Only what operators look at has a month.
      indexes: { byMonth: { partition: 'month', sort: 'handledAt' } },
      expiry: 'expiresAt',
      variable: 'DELIVERIES_TABLE',
    });
    this.heads = new RecordTable(this, 'Heads', {
      key: 'project',
      sortKey: 'ref',
      expiry: 'expiresAt',
      guarded: ['released'],
      variable: 'HEADS_TABLE',
    });
    this.sources = new RecordTable(this, 'Sources', {
      key: 'source',
      // Only sources that cannot be asked have the attribute.
      indexes: { byFailure: { partition: 'failing', sort: 'source' } },
      variable: 'SOURCES_TABLE',
    });
    this.dependents = new RecordTable(this, 'Dependents', {
      key: 'image',
      sortKey: 'project',
      variable: 'DEPENDENTS_TABLE',
    });
    this.cascades = new RecordTable(this, 'Cascades', {
      key: 'id',
      sortKey: 'member',
      indexes: {
        // Only a cascade's own item has the attribute `listed`, and only members that are not done have `open`.
        byStart: { partition: 'listed', sort: 'startedAt' },
        byOpen: { partition: 'open', sort: 'since' },
      },
      expiry: 'expiresAt',
      variable: 'CASCADES_TABLE',
    });
    this.releases = new RecordTable(this, 'Releases', {
      // Projects that share a repository may release the same image.
      key: 'project',
      sortKey: 'digest',
      indexes: {
        byProject: { partition: 'project', sort: 'releasedAt' },
        byDigest: { partition: 'digest' },
        // Only images that still exist are rescanned.
        byDueTime: { partition: 'rescan', sort: 'dueAt' },
      },
      variable: 'RELEASES_TABLE',
    });
    this.targets = new RecordTable(this, 'Targets', {
      key: 'project',
      sortKey: 'target',
      // Only what is to be tried at some time has the attributes.
      indexes: { byDueTime: { partition: 'due', sort: 'dueAt' } },
      variable: 'TARGETS_TABLE',
    });
    this.urlNotifications = new RecordTable(this, 'UrlNotifications', {
      key: 'project',
      sortKey: 'id',
      // Only what is to be tried at some time has the attributes.
      indexes: { byDueTime: { partition: 'due', sort: 'dueAt' } },
      expiry: 'expiresAt',
      variable: 'URL_NOTIFICATIONS_TABLE',
    });
    this.mails = new RecordTable(this, 'Mails', { key: 'mail', expiry: 'expiresAt', variable: 'MAILS_TABLE' });
    this.addresses = new RecordTable(this, 'Addresses', {
      key: 'address',
      // Only addresses that a mail did not reach have the attributes.
      indexes: { byFailure: { partition: 'failing', sort: 'failedAt' } },
      // Functions that send mails cannot answer in place of the recipients, and the pages can write nothing but the answer.
      guarded: Object.values(addressAttributes).flat(),
      variable: 'ADDRESSES_TABLE',
    });
  }

  get tables(): TableV2[] {
    return [
      this.projects,
      this.builds,
      this.bases,
      this.deliveries,
      this.heads,
      this.sources,
      this.dependents,
      this.cascades,
      this.releases,
      this.targets,
      this.urlNotifications,
      this.mails,
      this.addresses,
    ].map(({ table }) => table);
  }
}
