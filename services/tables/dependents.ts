import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { inTurns } from '../../core/concurrency.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient, ifConditionHolds } from './dynamodb.ts';

const edgeSchema = z.object({
  /** As core/cascade/dependents.ts names it. */
  image: z.string(),
  project: z.string(),
  /** The entry of the index says so. */
  declared: z.boolean().optional(),
  /** The digest that the newest candidate of the project was built on. */
  observed: z.string().optional(),
});

export type Edge = z.infer<typeof edgeSchema>;

/** An item of its own says which edges a project has, so that those can be found that are no longer true. */
const listSchema = z.object({
  declared: z.array(z.string()).default([]),
  observed: z.array(z.string()).default([]),
});
type Kind = keyof z.infer<typeof listSchema>;
const listKey = (project: string) => ({ image: `of ${project}`, project: '.' });

const queriesAtOnce = 32;

/** The dependents table: which projects stand on which image, by their entry or by what their Dockerfile was seen to name. */
export function createDependents(client: DynamoDBDocumentClient, tableName: string) {
  async function listOf(project: string): Promise<z.infer<typeof listSchema>> {
    const { Item } = await client.send(
      new GetCommand({ TableName: tableName, Key: listKey(project), ConsistentRead: true }),
    );
    return listSchema.parse(Item ?? {});
  }

  async function noteList(project: string, kind: Kind, images: string[]): Promise<void> {
    await client.send(
      new UpdateCommand({
        TableName: tableName,
        Key: listKey(project),
        UpdateExpression: 'SET #kind = :images',
        ExpressionAttributeNames: { '#kind': kind },
        ExpressionAttributeValues: { ':images': images },
      }),
    );
  }

  async function write(edge: Pick<Edge, 'image' | 'project'>, kind: Kind, value: boolean | string): Promise<void> {
    await client.send(
      new UpdateCommand({
        TableName: tableName,
        Key: { image: edge.image, project: edge.project },
        UpdateExpression: 'SET #kind = :value',
        ExpressionAttributeNames: { '#kind': kind },
        ExpressionAttributeValues: { ':value': value },
      }),
    );
  }

  async function remove(edge: Pick<Edge, 'image' | 'project'>, kind: Kind): Promise<void> {
    const Key = { image: edge.image, project: edge.project };
    const other: Kind = kind === 'declared' ? 'observed' : 'declared';
    const deleted = await ifConditionHolds(
      client.send(
        new DeleteCommand({
          TableName: tableName,
          Key,
          ConditionExpression: 'attribute_not_exists(#other)',
          ExpressionAttributeNames: { '#other': other },
        }),
      ),
    );
    if (deleted) return;
    await client.send(
      new UpdateCommand({
        TableName: tableName,
        Key,
        UpdateExpression: 'REMOVE #kind',
        ExpressionAttributeNames: { '#kind': kind },
      }),
    );
  }

  /** Puts edges in the place of those of the same kind. The list has both until the old ones are gone, so that none is forgotten. */
  async function replace(project: string, kind: Kind, values: Map<string, boolean | string>): Promise<void> {
    const before = (await listOf(project))[kind];
    const images = [...values.keys()].sort();
    const gone = before.filter((image) => !values.has(image));
    if (gone.length + images.length > 0) await noteList(project, kind, [...new Set([...before, ...images])].sort());
    for (const [image, value] of values) await write({ image, project }, kind, value);
    for (const image of gone) await remove({ image, project }, kind);
    if (gone.length > 0) await noteList(project, kind, images);
  }

  async function of(image: string): Promise<Edge[]> {
    const edges: Edge[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const result = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: 'image = :image',
          ExpressionAttributeValues: { ':image': image },
          ConsistentRead: true,
          ExclusiveStartKey: start,
        }),
      );
      edges.push(...(result.Items ?? []).map((item) => edgeSchema.parse(item)));
      start = result.LastEvaluatedKey;
    } while (start);
    return edges;
  }

  return {
    /** The images that the entry says it is built on, in place of those that it said before. */
    declare: (project: string, images: readonly string[]): Promise<void> =>
      replace(project, 'declared', new Map(images.map((image) => [image, true]))),

    /** The images that the Dockerfile was seen to name, with their digests, in place of those seen before. */
    observe: (project: string, bases: readonly { image: string; digest: string }[]): Promise<void> =>
      replace(project, 'observed', new Map(bases.map(({ image, digest }) => [image, digest]))),

    /** Who stands on an image. */
    of,

    /** The same of many images, by image; one that nobody stands on is not there. */
    async ofMany(images: readonly string[]): Promise<Map<string, string[]>> {
      const answers = await inTurns(images, queriesAtOnce, async (image) => [image, await of(image)] as const);
      return new Map(
        answers
          .filter(([, edges]) => edges.length > 0)
          .map(([image, edges]) => [image, edges.map(({ project }) => project)]),
      );
    },

    /** The whole table, by image: what is faster than asking for a great many. */
    async all(): Promise<Map<string, string[]>> {
      const projects = new Map<string, string[]>();
      let start: Record<string, unknown> | undefined;
      do {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new ScanCommand({
            TableName: tableName,
            ProjectionExpression: 'image, #project',
            ExpressionAttributeNames: { '#project': 'project' },
            ConsistentRead: true,
            ExclusiveStartKey: start,
          }),
        );
        for (const { image, project } of Items as Pick<Edge, 'image' | 'project'>[]) {
          if (project === '.') continue;
          const known = projects.get(image);
          if (known) known.push(project);
          else projects.set(image, [project]);
        }
        start = LastEvaluatedKey;
      } while (start);
      return projects;
    },
  };
}

export type Dependents = ReturnType<typeof createDependents>;

export const openDependents = once(() => createDependents(documentClient(), variable('DEPENDENTS_TABLE')));
