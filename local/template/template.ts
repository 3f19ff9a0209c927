import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** The template cannot be deployed on one machine; the message names what is in the way. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const resourceSchema = z.strictObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DependsOn: z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]),
  Condition: z.string().optional(),
  // What happens to a resource that leaves the stack, and metadata for tools: nothing to do on one machine.
  Metadata: z.unknown().optional(),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});

const templateSchema = z.strictObject({
  AWSTemplateFormatVersion: z.string().optional(),
  Description: z.string().optional(),
  Metadata: z.unknown().optional(),
  // CDK's rule on the bootstrap version: there is no bootstrap stack on one machine.
  Rules: z.unknown().optional(),
  Parameters: z.record(z.string(), z.looseObject({ Type: z.string(), Default: z.unknown().optional() })).default({}),
  Mappings: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))).default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Resources: z.record(z.string(), resourceSchema),
  Outputs: z.record(z.string(), z.looseObject({ Value: z.unknown(), Condition: z.string().optional() })).default({}),
});

const assetsSchema = z.looseObject({
  files: z
    .record(
      z.string(),
      z.looseObject({
        source: z.looseObject({ path: z.string().optional(), packaging: z.enum(['file', 'zip']).default('file') }),
        destinations: z.record(z.string(), z.looseObject({ bucketName: z.string(), objectKey: z.string() })),
      }),
    )
    .default({}),
  dockerImages: z.record(z.string(), z.unknown()).default({}),
});

const manifestSchema = z.looseObject({
  artifacts: z.record(
    z.string(),
    z.looseObject({
      type: z.string(),
      /** `aws://<account>/<region>`, with `unknown-account` where the stack names none. */
      environment: z.string().optional(),
      properties: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
});

export type Template = z.infer<typeof templateSchema>;
export type TemplateResource = z.infer<typeof resourceSchema>;

/** A file or folder of the cloud assembly, and where the template expects it. */
export interface FileAsset {
  path: string;
  packaging: 'file' | 'zip';
  /** May hold `${AWS::AccountId}` and `${AWS::Region}`. */
  bucket: string;
  key: string;
}

export interface Stack {
  name: string;
  /** The account that it was synthesised for; undefined where any will do. */
  account: string | undefined;
  template: Template;
  assets: FileAsset[];
}

/**
 * Reads what `cdk synth` wrote: the stacks, in the order of the manifest, with their assets. In the templates each text that is a key of
 * `replaced` becomes the one beside it.
 * @throws TemplateError for anything in it that one machine cannot do
 */
export async function readAssembly(folder: string, replaced: Record<string, string> = {}): Promise<Stack[]> {
  const manifest = manifestSchema.parse(await readJson(join(folder, 'manifest.json')));
  const stacks: Stack[] = [];
  for (const [id, artifact] of Object.entries(manifest.artifacts)) {
    if (artifact.type !== 'aws:cloudformation:stack') continue;
    const { templateFile, stackName } = z
      .looseObject({ templateFile: z.string(), stackName: z.string().default(id) })
      .parse(artifact.properties);
    let text = await readFile(join(folder, templateFile), 'utf8');
    for (const [from, to] of Object.entries(replaced)) text = text.replaceAll(from, to);
    const template = parseTemplate(JSON.parse(text), templateFile);
    stacks.push({
      name: stackName,
      account: /^aws:\/\/(\d{12})\//.exec(artifact.environment ?? '')?.[1],
      template,
      assets: await readAssets(folder, manifest, id, templateFile),
    });
  }
  if (stacks.length === 0) throw new TemplateError(`The cloud assembly in ${folder} holds no stack.`);
  return stacks;
}

async function readAssets(
  folder: string,
  manifest: z.infer<typeof manifestSchema>,
  stackId: string,
  templateFile: string,
): Promise<FileAsset[]> {
  const artifact = manifest.artifacts[`${stackId}.assets`];
  if (artifact === undefined) return [];
  const file = z.string().parse(artifact.properties.file);
  const { files, dockerImages } = assetsSchema.parse(await readJson(join(folder, file)));
  const [image] = Object.keys(dockerImages);
  if (image !== undefined)
    throw new TemplateError(`The container image asset ${image} is not supported on one machine.`);
  return Object.entries(files).flatMap(([id, { source, destinations }]) => {
    if (source.path === undefined) throw new TemplateError(`The asset ${id} has no path.`);
    if (source.path === templateFile) return [];
    const path = join(folder, source.path);
    return Object.values(destinations).map(({ bucketName, objectKey }) => ({
      path,
      packaging: source.packaging,
      bucket: bucketName,
      key: objectKey,
    }));
  });
}

function parseTemplate(json: unknown, file: string): Template {
  const parsed = templateSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new TemplateError(`${file}: ${issue?.path.join('.')}: ${issue?.message}`);
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}
