import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { VariableName } from '../services/environment.ts';
import { type TableKeys, tableKeys } from '../services/tables/keys.ts';
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
  keys: TableKeys;
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
    const { keys, expiry, guarded = [], variable } = props;
    const { key, sortKey, indexes = {} } = keys;
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
      keys: tableKeys.projects,
      guarded: ['judged', 'released'],
      variable: 'PROJECTS_TABLE',
    });
    this.builds = new RecordTable(this, 'Builds', {
      keys: tableKeys.builds,
      // What a release depends on: each is written by one function alone.
      guarded: ['tokens', 'candidate', 'verdict', 'image'],
      variable: 'BUILDS_TABLE',
    });
    this.bases = new RecordTable(this, 'Bases', { keys: tableKeys.bases, variable: 'BASES_TABLE' });
    this.deliveries = new RecordTable(this, 'Deliveries', {
      keys: tableKeys.deliveries,
      expiry: 'expiresAt',
      variable: 'DELIVERIES_TABLE',
    });
    this.heads = new RecordTable(this, 'Heads', {
      keys: tableKeys.heads,
      expiry: 'expiresAt',
      guarded: ['released'],
      variable: 'HEADS_TABLE',
    });
    this.sources = new RecordTable(this, 'Sources', { keys: tableKeys.sources, variable: 'SOURCES_TABLE' });
    this.dependents = new RecordTable(this, 'Dependents', { keys: tableKeys.dependents, variable: 'DEPENDENTS_TABLE' });
    this.cascades = new RecordTable(this, 'Cascades', {
      keys: tableKeys.cascades,
      expiry: 'expiresAt',
      variable: 'CASCADES_TABLE',
    });
    this.releases = new RecordTable(this, 'Releases', { keys: tableKeys.releases, variable: 'RELEASES_TABLE' });
    this.targets = new RecordTable(this, 'Targets', { keys: tableKeys.targets, variable: 'TARGETS_TABLE' });
    this.urlNotifications = new RecordTable(this, 'UrlNotifications', {
      keys: tableKeys.urlNotifications,
      expiry: 'expiresAt',
      variable: 'URL_NOTIFICATIONS_TABLE',
    });
    this.mails = new RecordTable(this, 'Mails', {
      keys: tableKeys.mails,
      expiry: 'expiresAt',
      variable: 'MAILS_TABLE',
    });
    this.addresses = new RecordTable(this, 'Addresses', {
      keys: tableKeys.addresses,
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
