import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpenAccount, openAccount } from '../../../local/account.ts';
import { createAwsEndpoint } from '../../../local/aws/endpoint/endpoint.ts';
import type { Created, Declared, Keys, Service } from '../../../local/aws/service.ts';

export interface EndpointHost extends AsyncDisposable {
  account: OpenAccount;
  services: Service[];
  url: string;
  /** What every SDK client needs to call as the holder of the keys. */
  as(keys: Keys): ClientSettings;
  declare: typeof declareIn;
  /** Ends as `kill -9` does: without a word to the services. The data folder stays. */
  crash(): Promise<void>;
  dataFolder: string;
  logged: string[];
}

export interface ClientSettings {
  endpoint: string;
  region: string;
  credentials: Keys;
  maxAttempts: number;
}

/** An account with some services behind a real HTTP server. */
export async function hostEndpoint(
  servicesFor: (account: OpenAccount) => Service[],
  dataFolder = mkdtempSync(join(tmpdir(), 'slipway-aws-')),
): Promise<EndpointHost> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const logged: string[] = [];
  const account = openAccount({ url, dataFolder, log: (source, message) => logged.push(`${source}: ${message}`) });
  const services = servicesFor(account);
  server.on('request', createAwsEndpoint(account, services));

  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    account,
    services,
    url,
    dataFolder,
    logged,
    as: (credentials) => ({ endpoint: account.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 }),
    declare: declareIn,
    async crash() {
      await close();
      account.close();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(services.map((service) => service.stop?.()));
      await close();
      account.close();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

/** Declares one resource as the template would. */
export async function declareIn(
  service: Service,
  type: string,
  logicalId: string,
  properties: unknown,
): Promise<Created> {
  const kind = service.resources[type];
  if (!kind) throw new Error(`No ${type} here.`);
  const parsed = kind.properties.parse(properties);
  return kind.create({ logicalId, stackName: 'test', account: '123456789012', properties: parsed } as Declared<never>);
}

/** A role with one inline policy, and its ARN. */
export async function declareRole(
  host: EndpointHost,
  iam: Service,
  logicalId: string,
  statements: unknown[],
): Promise<string> {
  const { attributes } = await host.declare(iam, 'AWS::IAM::Role', logicalId, {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    Policies: [{ PolicyName: 'inline', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
  });
  return attributes?.Arn ?? '';
}
