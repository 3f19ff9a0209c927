import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { MachineFacts } from './machine.ts';

type Machine = Pick<MachineFacts, 'endpoint' | 'region' | 'credentials'>;

interface Ended {
  code: number | null;
  output: string;
}

/** The command `slipway` as an operator calls it, with the keys that the machine tells. */
export function runCommand(machine: Machine, ...args: string[]): Promise<Ended> {
  return startCommand(machine, ...args).ended;
}

/** The same for one that waits for something: `printed` is what it has said that fits a pattern, once it has said it. */
export function startCommand(
  { endpoint, region, credentials }: Machine,
  ...args: string[]
): { ended: Promise<Ended>; printed(pattern: RegExp): Promise<string> } {
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
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, output }));
  return {
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const [found] = pattern.exec(output) ?? [];
          if (found !== undefined) resolve(found);
        };
        for (const stream of [child.stdout, child.stderr]) stream.on('data', look);
        look();
        ended.then(() => reject(new Error(`The command ended: ${output}`)), reject);
      }),
  };
}
