import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { mapConcurrently } from '../../core/concurrency.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { attribute, expression } from './expression.ts';
import { tableOf } from './table.ts';

const edgeSchema = z.object({
  /** The name that core/cascade/dependents.ts gives it. */
  image: z.string(),
  project: z.string(),
  /** The project's entry in the index declares it. */
  declared: z.boolean().optional(),
  /** The digest that the newest candidate of the project was built on. */
  observed: z.string().optional(),
});

const edgeKeySchema = edgeSchema.pick({ image: true, project: true });

export type Edge = z.infer<typeof edgeSchema>;
type EdgeKey = z.infer<typeof edgeKeySchema>;

/** Each project has one item that lists its edges, so that outdated edges can be found. */
const listSchema = z.object({
  declared: z.array(z.string()).default([]),
  observed: z.array(z.string()).default([]),
});
type Kind = keyof z.infer<typeof listSchema>;
const listKey = (project: string) => ({ image: `of ${project}`, project: '.' });

const queriesAtOnce = 32;

/** The dependents table: which projects depend on which image, according to their entry or to the bases that their builds used. */
export function createDependents(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  async function recordList(project: string, kind: Kind, images: string[]): Promise<void> {
    await table.update(listKey(project), { set: { [kind]: images } });
  }

  async function remove(edge: EdgeKey, kind: Kind): Promise<void> {
    const other: Kind = kind === 'declared' ? 'observed' : 'declared';
    const isOnly = expression`attribute_not_exists(${attribute(other)})`;
    if (!(await table.delete(edge, isOnly))) await table.update(edge, { remove: [kind] });
  }

  /** Replaces the edges of one kind. The list has old and new ones until the old ones are removed, so that a crash leaves none unlisted. */
  async function replace(
    project: string,
    kind: Kind,
    values: Map<string, boolean | string>,
    known?: readonly string[],
  ): Promise<void> {
    const before = known ?? (await table.get(listKey(project), listSchema))?.[kind] ?? [];
    const images = [...values.keys()].sort();
    const gone = before.filter((image) => !values.has(image));
    if (gone.length + images.length > 0) await recordList(project, kind, [...new Set([...before, ...images])].sort());
    for (const [image, value] of values) await table.update({ image, project }, { set: { [kind]: value } });
    for (const image of gone) await remove({ image, project }, kind);
    if (gone.length > 0) await recordList(project, kind, images);
  }

  const of = (image: string): Promise<Edge[]> =>
    table.all({ keys: expression`image = ${image}`, consistent: true }, edgeSchema);

  return {
    /** The base images that were declared for the projects, by project. One for which none were ever declared or seen is absent. */
    async declaredFor(projects: readonly string[]): Promise<Map<string, string[]>> {
      const lists = await table.getMany(projects.map(listKey), listSchema.extend({ image: z.string() }));
      return new Map(lists.map(({ image, declared }) => [image.slice(listKey('').image.length), declared]));
    },

    /**
     * Replaces the base images that the project's entry declares.
     * @param before those that were declared before, if they are known
     */
    declare: (project: string, images: readonly string[], before?: readonly string[]): Promise<void> =>
      replace(project, 'declared', new Map(images.map((image) => [image, true])), before),

    /** Declares the base images of new projects, for which none were declared or seen before: there is nothing that this could overwrite. */
    async declareFirst(imagesOf: ReadonlyMap<string, readonly string[]>): Promise<void> {
      const declared = [...imagesOf].map(([project, images]) => [project, [...new Set(images)].sort()] as const);
      const naming = declared.filter(([, images]) => images.length > 0);
      await table.putMany(naming.map(([project, images]) => ({ ...listKey(project), declared: images })));
      const edges = naming.flatMap(([project, images]) => images.map((image) => ({ image, project, declared: true })));
      await table.putMany(edges);
    },

    /** Replaces the base images that a build of the project used, with their digests. */
    observe: (project: string, bases: readonly { image: string; digest: string }[]): Promise<void> =>
      replace(project, 'observed', new Map(bases.map(({ image, digest }) => [image, digest]))),

    /** The dependents of an image. */
    of,

    /** The first dependents of an image by name, at most `limit`. */
    async first(image: string, limit: number): Promise<string[]> {
      const { items } = await table.page({ keys: expression`image = ${image}` }, { limit }, edgeKeySchema);
      return items.map(({ project }) => project);
    },

    /** The dependents of many images, by image. An image without dependents is absent. */
    async ofMany(images: readonly string[]): Promise<Map<string, string[]>> {
      const answers = await mapConcurrently(images, queriesAtOnce, async (image) => [image, await of(image)] as const);
      return new Map(
        answers
          .filter(([, edges]) => edges.length > 0)
          .map(([image, edges]) => [image, edges.map(({ project }) => project)]),
      );
    },

    /** The whole table, by image: for a great many images this is faster than `ofMany`. */
    async all(): Promise<Map<string, string[]>> {
      const projects = new Map<string, string[]>();
      for await (const { image, project } of table.scan(
        { fields: ['image', 'project'], consistent: true },
        edgeKeySchema,
      )) {
        if (project === '.') continue;
        const known = projects.get(image);
        if (known) known.push(project);
        else projects.set(image, [project]);
      }
      return projects;
    },
  };
}

export type Dependents = ReturnType<typeof createDependents>;

export const openDependents = once(() => createDependents(documentClient(), variable('DEPENDENTS_TABLE')));
