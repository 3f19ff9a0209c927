import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
}

/** Changes the resources of a template in an assembly. */
export async function changeResources(assembly: string, change: (resource: Resource) => void): Promise<void> {
  const file = join(assembly, (await readdir(assembly)).find((name) => name.endsWith('.template.json')) ?? '');
  const template = JSON.parse(await readFile(file, 'utf8')) as { Resources: Record<string, Resource> };
  for (const resource of Object.values(template.Resources)) change(resource);
  await writeFile(file, JSON.stringify(template));
}
