import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { MachineFacts } from './machine.ts';

/** The command `slipway` as an operator calls it, with the keys that the machine tells. */
export async function runCommand(
  { endpoint, region, credentials }: Pick<MachineFacts, 'endpoint' | 'region' | 'credentials'>,
  ...args: string[]
): Promise<{ code: number | null; output: string }> {
  const { accessKeyId, secretAccessKey } = credentials;
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../cli/slipway.js'), ...args], {
    env: {
      PATH: process.env.PATH,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}
