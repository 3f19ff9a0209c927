import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type OpenAccount, openAccount } from '../../../local/account.ts';
import { createEcr, type Ecr, type EcrOptions } from '../../../local/aws/ecr/ecr.ts';
import { createAwsEndpoint } from '../../../local/aws/endpoint/endpoint.ts';

export interface RegistryMachine {
  url: string;
  account: OpenAccount;
  ecr: Ecr;
  dataFolder: string;
  events: { 'detail-type': string; detail: Record<string, unknown> }[];
  /** The machine's owner, as `Authorization` says it. */
  owner: string;
  /** Ends the process, so to speak, and begins again with what is on the disk. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The registry and ECR's API on a port of their own, with the account's real IAM. */
export async function startRegistryMachine(
  options: Partial<EcrOptions> & { dataFolder?: string; port?: number } = {},
): Promise<RegistryMachine> {
  const dataFolder = options.dataFolder ?? mkdtempSync(path.join(tmpdir(), 'slipway registry '));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const events: RegistryMachine['events'] = [];

  const open = () => {
    const account = openAccount({ url, dataFolder, log: (source, line) => console.error(source, line) });
    account.connect({
      emit: (event) => events.push(event),
    });
    const ecr = createEcr(account, { scanner: 'records', ...options });
    const endpoint = createAwsEndpoint(account, [ecr, ecr.inspector]);
    return { account, ecr, endpoint };
  };
  let parts = open();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/v2')) parts.ecr.handle(request, response);
    else parts.endpoint(request, response);
  });
  await parts.ecr.start?.();

  const close = async () => {
    await parts.ecr.stop?.();
    parts.account.close();
  };
  return {
    url,
    dataFolder,
    events,
    get account() {
      return parts.account;
    },
    get ecr() {
      return parts.ecr;
    },
    get owner() {
      const { accessKeyId, secretAccessKey } = parts.account.iam.ownerKeys();
      return `Basic ${Buffer.from(`${accessKeyId}:${secretAccessKey}`).toString('base64')}`;
    },
    async restart() {
      await close();
      parts = open();
      await parts.ecr.start?.();
    },
    async stop() {
      await close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
