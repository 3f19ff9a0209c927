import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../core/text/parse-json.ts';
import { DeploymentError } from '../errors.ts';

/** Where AWS is, or its substitute on one machine. */
export interface Connection {
  stack: string;
  /** What each client of the SDK is made with. What is not set is taken as the AWS CLI takes it. */
  settings: {
    region?: string;
    endpoint?: string;
    credentials?: { accessKeyId: string; secretAccessKey: string };
  };
  /** Where Slipway runs on this machine. */
  machine?: { folder: string; url: string; outputs: Readonly<Record<string, string>> } | undefined;
}

interface Options {
  stack: string;
  region?: string | undefined;
  data?: string | undefined;
}

/** What names an account of AWS. Whoever sets one of these means AWS, wherever the command is called. */
const awsVariables = [
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ACCESS_KEY_ID',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_ENDPOINT_URL',
];

/** What `npm run local` writes into its data folder. */
const machineSchema = z.object({
  url: z.url(),
  endpoint: z.url(),
  region: z.string(),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
  outputs: z.record(z.string(), z.string()),
});

/**
 * The machine whose data folder is named, or AWS where a variable or an option means it; else the machine whose folder is here or above;
 * else AWS.
 * @throws DeploymentError
 */
export async function findConnection(
  { stack, region, data }: Options,
  environment: NodeJS.ProcessEnv,
  folder: string,
): Promise<Connection> {
  const meansAws = region !== undefined || awsVariables.some((name) => environment[name]);
  const dataFolder = data === undefined ? !meansAws && machineFolderAbove(folder) : resolve(folder, data);
  return dataFolder
    ? { stack, ...(await readMachine(dataFolder)) }
    : { stack, settings: region === undefined ? {} : { region } };
}

const factsOf = (dataFolder: string) => join(dataFolder, 'local.json');

function machineFolderAbove(folder: string): string | undefined {
  const dataFolder = join(folder, '.slipway');
  if (existsSync(factsOf(dataFolder))) return dataFolder;
  const parent = dirname(folder);
  return parent === folder ? undefined : machineFolderAbove(parent);
}

async function readMachine(dataFolder: string): Promise<Pick<Connection, 'settings' | 'machine'>> {
  const file = factsOf(dataFolder);
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new DeploymentError(
      `${dataFolder} is not a data folder of Slipway that you may read: name the one of "npm run local" with --data.`,
      { cause },
    );
  });
  const facts = machineSchema.safeParse(parseJson(text));
  if (!facts.success) {
    throw new DeploymentError(`${file} is not of this version of Slipway. Start it again: npm run local`);
  }
  const { url, endpoint, region, credentials, outputs } = facts.data;
  return { settings: { endpoint, region, credentials }, machine: { folder: dataFolder, url, outputs } };
}
