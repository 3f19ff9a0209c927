import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { VariableName } from '../services/environment.ts';
import { allow, type Grantee } from './permissions.ts';

type Action =
  | 'GetItem'
  | 'BatchGetItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem'
  | 'Query'
  | 'Scan';

interface RecordTableProps {
  key: string;
  sortKey?: string;
  /** By name: the attributes that it is queried by. */
  indexes?: Record<string, { partition: string; sort?: string }>;
  /** Attribute with the second at which DynamoDB deletes an item. */
  expiry?: string;
  variable: VariableName;
}

/** One table per noun. The data outlives the stack. */
export class RecordTable extends Construct {
  readonly table: TableV2;
  readonly #variable: VariableName;
  readonly #indexes: readonly string[];

  constructor(scope: Construct, id: string, { key, sortKey, indexes = {}, expiry, variable }: RecordTableProps) {
    super(scope, id);
    const attribute = (name: string) => ({ name, type: AttributeType.STRING });
    this.#variable = variable;
    this.#indexes = Object.keys(indexes);
    this.table = new TableV2(this, 'Table', {
      partitionKey: attribute(key),
      ...(sortKey ? { sortKey: attribute(sortKey) } : {}),
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
      globalSecondaryIndexes: Object.entries(indexes).map(([indexName, { partition, sort }]) => ({
        indexName,
        partitionKey: attribute(partition),
        ...(sort ? { sortKey: attribute(sort) } : {}),
      })),
      ...(expiry ? { timeToLiveAttribute: expiry } : {}),
    });
  }

  grant(grantee: Grantee, ...actions: [Action, ...Action[]]): void {
    allow(grantee, { actions: actions.map((action) => `dynamodb:${action}`), resources: [this.table.tableArn] });
    grantee.setVariable(this.#variable, this.table.tableName);
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
  readonly mails: RecordTable;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.projects = new RecordTable(this, 'Projects', {
      key: 'name',
      indexes: {
        // The pages list projects by name: every item has the attribute `listed`.
        byName: { partition: 'listed', sort: 'name' },
        bySource: { partition: 'source' },
        // Only projects with a schedule have the attributes.
        byDueTime: { partition: 'scheduled', sort: 'dueAt' },
        // Only projects with exceptions or VEX statements have the attributes.
        byWaiverExpiry: { partition: 'excepting', sort: 'warnAt' },
      },
      variable: 'PROJECTS_TABLE',
    });
    this.builds = new RecordTable(this, 'Builds', {
      key: 'id',
      indexes: {
        byProject: { partition: 'project', sort: 'createdAt' },
        byMonth: { partition: 'month', sort: 'createdAt' },
        byStatus: { partition: 'status', sort: 'createdAt' },
      },
      variable: 'BUILDS_TABLE',
    });
    this.bases = new RecordTable(this, 'Bases', { key: 'image', variable: 'BASES_TABLE' });
    this.deliveries = new RecordTable(this, 'Deliveries', {
      key: 'delivery',
      expiry: 'expiresAt',
      variable: 'DELIVERIES_TABLE',
    });
    this.heads = new RecordTable(this, 'Heads', {
      key: 'project',
      sortKey: 'ref',
      expiry: 'expiresAt',
      variable: 'HEADS_TABLE',
    });
    this.sources = new RecordTable(this, 'Sources', { key: 'source', variable: 'SOURCES_TABLE' });
    this.dependents = new RecordTable(this, 'Dependents', {
      key: 'image',
      sortKey: 'project',
      variable: 'DEPENDENTS_TABLE',
    });
    this.cascades = new RecordTable(this, 'Cascades', {
      key: 'id',
      sortKey: 'member',
      indexes: {
        // Only a cascade's own item has a month, and only members that are not done have the attribute `open`.
        byMonth: { partition: 'month', sort: 'startedAt' },
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
    this.mails = new RecordTable(this, 'Mails', { key: 'mail', expiry: 'expiresAt', variable: 'MAILS_TABLE' });
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
      this.mails,
    ].map(({ table }) => table);
  }
}
