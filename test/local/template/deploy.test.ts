import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Account, resourceType, type Service } from '../../../local/aws/service.ts';
import { deploy } from '../../../local/template/deploy.ts';
import { readAssembly, type Stack } from '../../../local/template/template.ts';

const account = { id: '123456789012', region: 'us-east-1' } as Account;
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A stack as the CDK writes it, read back. */
async function stackOf(template: object): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway assembly '));
  folders.push(folder);
  const artifacts = {
    Demo: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Demo.template.json' } },
  };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ version: '36.0.0', artifacts }));
  await writeFile(join(folder, 'Demo.template.json'), JSON.stringify(template));
  const [stack] = await readAssembly(folder);
  if (stack === undefined) throw new Error('There is no stack.');
  return stack;
}

function recorder() {
  const made: { logicalId: string; properties: unknown }[] = [];
  const service: Service = {
    resources: {
      'Test::Thing': resourceType({
        properties: z.strictObject({
          Name: z.string().optional(),
          Arn: z.string().startsWith('arn:').optional(),
          Count: z.int().optional(),
          Nested: z.strictObject({ Deep: z.unknown().optional() }).optional(),
        }),
        create({ logicalId, properties }) {
          made.push({ logicalId, properties });
          return { ref: `name-of-${logicalId}`, attributes: { Arn: `arn:aws:test:::${logicalId}` } };
        },
      }),
    },
  };
  return { made, service };
}

const thing = (properties: object = {}, more: object = {}) => ({
  Type: 'Test::Thing',
  Properties: properties,
  ...more,
});

describe('deploying a template', () => {
  test('makes what is needed first, hands on names and attributes, and gives the outputs', async () => {
    const { made, service } = recorder();
    const stack = await stackOf({
      Parameters: {
        BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/version' },
      },
      Resources: {
        Second: thing({ Arn: { 'Fn::GetAtt': ['First', 'Arn'] }, Name: { 'Fn::Sub': `\${AWS::StackName}-\${First}` } }),
        Third: thing({}, { DependsOn: ['Fourth'], Metadata: { 'aws:cdk:path': 'x' }, DeletionPolicy: 'Retain' }),
        First: thing(),
        Fourth: thing({ Nested: { Deep: { Ref: 'Second' } } }),
      },
      Outputs: { Name: { Value: { Ref: 'Second' }, Export: { Name: 'x' } } },
    });
    const { outputs } = await deploy(stack, account, [service]);
    expect(made.map(({ logicalId }) => logicalId)).toEqual(['First', 'Second', 'Fourth', 'Third']);
    expect(made[1]?.properties).toEqual({ Arn: 'arn:aws:test:::First', Name: 'Demo-name-of-First' });
    expect(outputs).toEqual({ Name: 'name-of-Second' });
  });

  test('leaves out what its condition excludes', async () => {
    const { made, service } = recorder();
    const stack = await stackOf({
      Conditions: { InEurope: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'eu-west-1'] } },
      Resources: {
        Only: thing({}, { Condition: 'InEurope' }),
        Always: thing({ Name: { 'Fn::If': ['InEurope', 'eu', { Ref: 'AWS::NoValue' }] } }),
        CDKMetadata: { Type: 'AWS::CDK::Metadata', Properties: { Analytics: 'x' } },
      },
    });
    await deploy(stack, account, [service]);
    expect(made).toEqual([{ logicalId: 'Always', properties: {} }]);
  });

  test.each([
    [
      'an unknown type',
      { A: thing(), Bad: { Type: 'AWS::EC2::Instance' } },
      /Bad: the resource type AWS::EC2::Instance is not known/,
    ],
    [
      'an unknown property',
      { A: thing(), Bad: thing({ Nmae: 'x' }) },
      /Bad \(Test::Thing\): the property Nmae is not known/,
    ],
    [
      'an unknown property further down',
      { A: thing(), Bad: thing({ Nested: { Depe: { Ref: 'A' } } }) },
      /Bad \(Test::Thing\): the property Nested.Depe/,
    ],
    ['a wrong value', { A: thing(), Bad: thing({ Count: 'many' }) }, /Bad \(Test::Thing\): the property Count/],
    [
      'a reference to nothing',
      { A: thing(), Bad: thing({ Name: { Ref: 'Nobody' } }) },
      /Bad \(Test::Thing\): Nobody is not declared/,
    ],
    [
      'a circle',
      { A: thing({ Name: { Ref: 'B' } }), B: thing({}, { DependsOn: 'C' }), C: thing({ Name: { Ref: 'A' } }) },
      /A → B → C → A/,
    ],
    ['an unknown field', { A: thing({}, { CreationPolicy: {} }) }, /CreationPolicy/],
  ])('with %s is an error before anything is made', async (_, Resources, message) => {
    const { made, service } = recorder();
    await expect(stackOf({ Resources }).then((stack) => deploy(stack, account, [service]))).rejects.toThrow(message);
    expect(made).toEqual([]);
  });

  test('names the resource that a service refuses', async () => {
    const { service } = recorder();
    const stack = await stackOf({ Resources: { First: thing(), Bad: thing({ Arn: { Ref: 'First' } }) } });
    await expect(deploy(stack, account, [service])).rejects.toThrow(/Bad \(Test::Thing\): the property Arn/);
  });
});
