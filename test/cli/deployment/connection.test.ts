import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findConnection } from '../../../cli/deployment/connection.ts';
import { findDeployment } from '../../../cli/deployment/deployment.ts';

const facts = {
  url: 'http://127.0.0.1:9',
  endpoint: 'http://127.0.0.1:9/aws',
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
  outputs: { SiteUrl: 'http://127.0.0.1:9' },
};
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-connection-'));
  await mkdir(join(folder, '.slipway'));
  await mkdir(join(folder, 'below', 'it'), { recursive: true });
  await writeFile(join(folder, '.slipway', 'local.json'), JSON.stringify(facts));
});
afterEach(() => rm(folder, { recursive: true }));

const find = (environment: NodeJS.ProcessEnv, options: { region?: string; data?: string } = {}, below = 'below/it') =>
  findConnection({ stack: 'Slipway', ...options }, environment, join(folder, below));

it('finds the machine whose data folder is in a folder above', async () => {
  const { settings, machine } = await find({ PATH: '/bin' });
  expect(machine).toMatchObject({ folder: join(folder, '.slipway'), url: facts.url });
  expect(settings).toEqual({ endpoint: facts.endpoint, region: facts.region, credentials: facts.credentials });
});

it.each<[string, NodeJS.ProcessEnv, { region?: string }]>([
  ['a profile', { AWS_PROFILE: 'work' }, {}],
  ['keys', { AWS_ACCESS_KEY_ID: 'AKIA' }, {}],
  ['an endpoint', { AWS_ENDPOINT_URL: 'https://aws.example' }, {}],
  ['a region by an option', {}, { region: 'eu-west-1' }],
])('takes AWS where %s is given', async (_, environment, options) => {
  const { machine, settings } = await find(environment, options);
  expect(machine).toBeUndefined();
  expect(settings).toEqual(options);
});

it('takes the machine that is named, whatever else is given', async () => {
  const { machine } = await find({ AWS_PROFILE: 'work' }, { data: '../../.slipway' });
  expect(machine?.folder).toBe(join(folder, '.slipway'));
});

it('says what to do where the machine does not run, or the folder is not a data folder', async () => {
  await expect(findDeployment(await find({}))).rejects.toThrow(/npm run local/);
  await expect(find({}, { data: 'none' })).rejects.toThrow(/not a data folder of Slipway/);
  await writeFile(join(folder, '.slipway', 'local.json'), '{"url": ');
  await expect(find({})).rejects.toThrow(/not of this version/);
});
