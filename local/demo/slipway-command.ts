import { fileURLToPath } from 'node:url';
import type { Keys } from '../aws/service.ts';
import { run } from '../command.ts';

const command = fileURLToPath(new URL('../../cli/slipway.js', import.meta.url));

/** How an operator reaches the machine's AWS. */
export interface Operator {
  endpoint: string;
  region: string;
  credentials: Keys;
}

/**
 * Runs the `slipway` command as an operator does, to its end; gives what it wrote.
 * @throws CommandFailedError
 */
export function slipway({ endpoint, region, credentials }: Operator, args: readonly string[], signal: AbortSignal) {
  return run(process.execPath, [command, ...args], {
    signal,
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  });
}
