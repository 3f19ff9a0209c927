import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';
import { changeResources } from './template.ts';

interface Statement {
  Action: string | string[];
}

/** The assembly with one action taken out of every policy that has it. */
async function without(action: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'slipway-assembly-'));
  await cp(inject('shared').assembly, copy, { recursive: true });
  let found = 0;
  await changeResources(copy, ({ Type, Properties }) => {
    if (Type !== 'AWS::IAM::Policy') return;
    const policy = Properties.PolicyDocument as { Statement: Statement[] };
    policy.Statement = policy.Statement.filter(({ Action }) => {
      const matches = [Action].flat().includes(action);
      if (matches) found += 1;
      return !matches;
    });
  });
  expect(found, `statements with ${action}`).toBeGreaterThan(0);
  return copy;
}

describe('the permissions in the template', () => {
  let slipway: Slipway | undefined;
  afterAll(() => slipway?.stop());

  it('are enforced: a build whose release may not write images fails, and says what was denied', async () => {
    const assembly = await without('ecr:PutImage');
    slipway = await startSlipway({ assembly });
    await slipway.track(slipway.entry('denied'));
    const build = await slipway.ended('denied', await slipway.pushSource('denied', { Dockerfile: smallDebian }));
    expect(build.status).toBe('failed');
    expect(`${build.failure?.message}\n${await slipway.log(build)}`).toMatch(/not authorized to perform: ecr:/);
    await rm(assembly, { recursive: true });
  });
});
