import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { createCredentials } from '../../registry/credentials.ts';
import type { RegistryContext } from '../../registry/exchange.ts';
import { openRegistry } from '../../registry/registry.ts';
import { serveRegistry } from '../../registry/serve.ts';
import { createScanner, type Scanner } from '../../scanner/scanner.ts';
import { watchFolder } from '../../scanner/watch-folder.ts';
import { createInspector } from '../inspector.ts';
import { type Account, operation, type Service } from '../service.ts';
import { createEnhancedScans } from './enhanced-scans.ts';
import { invalidInput } from './errors.ts';
import { imageActionEvents } from './events.ts';
import { imageOperations } from './images.ts';
import { registryId, seconds } from './input.ts';
import { layerOperations } from './layers.ts';
import { createPolicies } from './policies.ts';
import { repositoryOperations } from './repositories.ts';
import { createScanImage } from './scan-image.ts';
import { createScanningConfiguration } from './scanning-configuration.ts';
import { createScans } from './scans.ts';
import { createSettings } from './settings.ts';

export interface EcrOptions {
  /**
   * With `auto` the first of trivy, grype and osv-scanner that is on the PATH helps; with `records` the OSV records are alone. A scanner
   * of its own is for what none of these comes to: a scan that never ends, findings that cannot be had.
   */
  scanner: 'auto' | 'trivy' | 'grype' | 'osv-scanner' | 'records' | Scanner;
  /** Where OSV records are, one JSON file each. */
  osvFolder?: string | undefined;
}

export interface Ecr extends Service {
  /** Handles requests below `/v2/`. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Amazon Inspector, which does the enhanced scanning. */
  readonly inspector: Service;
  /** Whether an image is there, by its whole name: `localhost:4600/demo/app@sha256:…`. */
  has(image: string): boolean;
}

const housekeepingInterval = 10 * 60 * 1000;

/** Elastic Container Registry: the images, the API beside them, and their scans. */
export function createEcr(account: Account, { scanner: chosen, osvFolder }: EcrOptions): Ecr {
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
  const { dataFolder } = account;
  const log = (line: string) => account.log('scanner', line);
  const scanner = typeof chosen === 'object' ? chosen : createScanner({ scanner: chosen, osvFolder, dataFolder, log });
  const scanImage = createScanImage(context, scanner);
  const configuration = createScanningConfiguration(context, () => {
    enhanced.configured();
    watchRecords();
  });
  const enhanced = createEnhancedScans(context, configuration, scanImage);
  const scans = createScans(context, { configuration, enhanced, scanImage });

  let isStarted = false;
  let unwatch: (() => void) | undefined;
  /** While an image is scanned continuously. */
  const watchRecords = () => {
    unwatch?.();
    const isWanted = isStarted && osvFolder !== undefined && configuration.isContinuousSomewhere();
    unwatch = isWanted ? watchFolder(osvFolder, enhanced.recordsChanged, log) : undefined;
  };

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
      ...configuration.operations,
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

    inspector: createInspector(account, enhanced.inspected),

    handle: (request, response) => serveRegistry(context, request, response),

    has(image) {
      const [, repository = '', separator, version = ''] = /^[^/]+\/([^@:]+)(@|:)(.+)$/.exec(image) ?? [];
      const { images } = registry;
      return (
        (separator === '@' ? images.byDigest(repository, version) : images.byTag(repository, version)) !== undefined
      );
    },

    start() {
      housekeeping = setInterval(() => {
        keepHouse().catch((error: unknown) => account.log('ecr', `housekeeping: ${error}`));
      }, housekeepingInterval);
      policies.restore();
      isStarted = true;
      scans.start();
      enhanced.start();
      watchRecords();
      return keepHouse();
    },

    async stop() {
      clearInterval(housekeeping);
      isStarted = false;
      watchRecords();
      await Promise.all([scans.stop(), enhanced.stop(), scanner.stop()]);
    },
  };
}
