import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Rig, startRig } from './rig.ts';
import { smallDebian } from './sources.ts';

interface Statement {
  Action: string | string[];
}
interface Template {
  Resources: Record<string, { Type: string; Properties: { PolicyDocument?: { Statement: Statement[] } } }>;
}

/** The assembly that a machine made for itself, with one action taken out of every policy that has it. */
async function without(action: string, assembly: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'slipway-assembly-'));
  await cp(assembly, copy, { recursive: true });
  const file = join(copy, (await readdir(copy)).find((name) => name.endsWith('.template.json')) ?? '');
  const template = JSON.parse(await readFile(file, 'utf8')) as Template;
  let found = 0;
  for (const { Type, Properties } of Object.values(template.Resources)) {
    if (Type !== 'AWS::IAM::Policy' || !Properties.PolicyDocument) continue;
    const { PolicyDocument } = Properties;
    PolicyDocument.Statement = PolicyDocument.Statement.filter(({ Action }) => {
      const matches = [Action].flat().includes(action);
      if (matches) found += 1;
      return !matches;
    });
  }
  expect(found, `statements with ${action}`).toBeGreaterThan(0);
  await writeFile(file, JSON.stringify(template));
  return copy;
}

describe('the permissions in the template', () => {
  const rigs: Rig[] = [];
  afterAll(async () => {
    for (const rig of rigs) await rig.stop();
  });

  it('are enforced: a build whose release may not write images fails, and says what was denied', async () => {
    const whole = await startRig();
    rigs.push(whole);
    const { port } = new URL(whole.machine.url);
    const assembly = await without('ecr:PutImage', join(whole.machine.dataFolder, 'cdk.out'));
    await whole.machine.stop();

    const rig = await startRig({ assembly, port: Number(port) });
    rigs.push(rig);
    await rig.track(rig.entry('denied'));
    const build = await rig.ended('denied', await rig.pushSource('denied', { Dockerfile: smallDebian }));
    expect(build.status).toBe('failed');
    expect(`${build.failure?.message}\n${await rig.log(build)}`).toMatch(/not authorized to perform: ecr:/);
    await rm(assembly, { recursive: true });
  });
});
