import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { createCredentials } from '../../registry/credentials.ts';
import type { RegistryContext } from '../../registry/exchange.ts';
import { openRegistry } from '../../registry/registry.ts';
import { serveRegistry } from '../../registry/serve.ts';
import { createScanner } from '../../scanner/scanner.ts';
import { type Account, operation, type Service } from '../service.ts';
import { invalidInput } from './errors.ts';
import { imageActionEvents } from './events.ts';
import { imageOperations } from './images.ts';
import { registryId, seconds } from './input.ts';
import { layerOperations } from './layers.ts';
import { createPolicies } from './policies.ts';
import { repositoryOperations } from './repositories.ts';
import { createScans } from './scans.ts';
import { createSettings } from './settings.ts';

export interface EcrOptions {
  /** With `auto` the first of trivy, grype and osv-scanner that is on the PATH helps; with `records` the OSV records are alone. */
  scanner: 'auto' | 'trivy' | 'grype' | 'osv-scanner' | 'records';
  /** Where OSV records are, one JSON file each. */
  osvFolder?: string;
}

export interface Ecr extends Service {
  /** Answers what is below `/v2/`. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

const housekeepingInterval = 10 * 60 * 1000;

/** Elastic Container Registry: the images, the API beside them, and their scans. */
export function createEcr(account: Account, { scanner: name, osvFolder }: EcrOptions): Ecr {
  const registry = openRegistry(account.database, account.dataFolder);
  const credentials = createCredentials(account.database, account.iam);
  const settings = createSettings(account);
  const events = imageActionEvents(account);

  const context: RegistryContext = {
    account,
    registry,
    credentials,
    mayMount: () => settings.get('BLOB_MOUNTING') === 'ENABLED',
    pushed(repository, { digest }, tags) {
      events.pushed(repository, digest, tags);
      scans.pushed(repository, digest);
    },
    deleted: events.deleted,
  };
  const policies = createPolicies(context);
  const scanner = createScanner({
    scanner: name,
    osvFolder,
    dataFolder: account.dataFolder,
    log: (line) => account.log('scanner', line),
  });
  const scans = createScans(context, scanner);

  let housekeeping: NodeJS.Timeout | undefined;
  const keepHouse = async (): Promise<void> => {
    policies.expireImages();
    await registry.collectGarbage();
  };

  return {
    signingName: 'ecr',
    protocol: 'json-1.1',
    invalidInput,
    resources: {},
    operations: {
      ...repositoryOperations(context),
      ...imageOperations(context),
      ...layerOperations(context),
      ...settings.operations,
      ...scans.operations,
      ...policies.operations,

      GetAuthorizationToken: operation({
        input: z.object({ registryIds: z.array(registryId).min(1).max(10).optional() }),
        permissions: () => [{ action: 'ecr:GetAuthorizationToken', resource: '*' }],
        handle(_input, caller) {
          const { token, expiresAt } = credentials.issue(caller);
          const authorizationToken = Buffer.from(`AWS:${token}`).toString('base64');
          return {
            authorizationData: [{ authorizationToken, expiresAt: seconds(expiresAt), proxyEndpoint: account.url }],
          };
        },
      }),
    },

    handle: (request, response) => serveRegistry(context, request, response),

    start() {
      housekeeping = setInterval(() => {
        keepHouse().catch((error: unknown) => account.log('ecr', `housekeeping: ${error}`));
      }, housekeepingInterval);
      policies.restore();
      scans.start();
      return keepHouse();
    },

    async stop() {
      clearInterval(housekeeping);
      await scans.stop();
    },
  };
}
