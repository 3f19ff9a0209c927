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

/** Gives variables another value wherever a function or a build has them. */
export function setVariables({ Type, Properties }: Resource, values: Record<string, string>): void {
  if (Type === 'AWS::Lambda::Function') {
    const { Variables = {} } = (Properties.Environment ?? {}) as { Variables?: Record<string, unknown> };
    for (const [name, value] of Object.entries(values)) if (name in Variables) Variables[name] = value;
  }
  if (Type === 'AWS::CodeBuild::Project') {
    const { EnvironmentVariables } = Properties.Environment as {
      EnvironmentVariables: { Name: string; Value: unknown }[];
    };
    for (const variable of EnvironmentVariables) variable.Value = values[variable.Name] ?? variable.Value;
  }
}
