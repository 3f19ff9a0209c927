import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { template } from './template.ts';

const manual = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');

/** The program of the manual that keeps the names of what outlives the stack, run on the stack's resources. */
function keptNames(): Record<string, Record<string, string>> {
  const [, program = ''] =
    /describe-stack-resources .*? \| node -e '\n(.*?)\n' > slipway-data\.json/s.exec(manual) ?? [];
  const resources = Object.entries(template().Resources).map(([LogicalResourceId, { Type }]) => ({
    LogicalResourceId,
    PhysicalResourceId: `name-of-${LogicalResourceId}`,
    ResourceType: Type,
  }));
  const input = JSON.stringify({ StackResources: resources });
  const output = execFileSync(process.execPath, ['-e', program], { input, encoding: 'utf8' });
  return z.record(z.string(), z.record(z.string(), z.string())).parse(JSON.parse(output));
}

test('what outlives the stack is what the manual keeps the names of, and nothing else', () => {
  const outliving = Object.entries(template().Resources)
    .filter(([, { DeletionPolicy }]) => DeletionPolicy === 'RetainExceptOnCreate')
    .map(([id]) => id);
  expect(outliving).toHaveLength(15);
  expect(Object.keys(keptNames()).toSorted()).toEqual(outliving.toSorted());
});

test('a new stack can import the data alone: it refers to nothing else in the template, and has no name of its own', () => {
  for (const [id, names] of Object.entries(keptNames())) {
    const { Properties } = template().Resources[id] ?? {};
    expect(JSON.stringify(Properties)).not.toMatch(/"Fn::(?!Join|Select|Split|Sub)|"Ref":"(?!AWS::)/);
    expect(Object.values(names)).toEqual([`name-of-${id}`]);
    for (const name of Object.keys(names)) expect(Properties).not.toHaveProperty(name);
  }
});
