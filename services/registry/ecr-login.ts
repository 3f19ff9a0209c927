import {
  CreateRepositoryCommand,
  ECRClient,
  type ECRClientConfig,
  GetAuthorizationTokenCommand,
} from '@aws-sdk/client-ecr';
import {
  CreateRepositoryCommand as CreatePublicRepositoryCommand,
  ECRPUBLICClient,
  GetAuthorizationTokenCommand as GetPublicAuthorizationTokenCommand,
} from '@aws-sdk/client-ecr-public';
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { type EcrRegistry, ecrPublicRegion, ecrRegistryOf } from '../../core/destinations/ecr-registry.ts';
import { InvalidInputError, UpstreamError } from '../../core/model/errors.ts';
import { parseImageReference } from '../../core/model/image-reference.ts';
import { PushRefusedError } from './image-push.ts';
import type { Registry } from './registry-client.ts';

type Credentials = NonNullable<Registry['credentials']>;

/** Signs in to registries of ECR in other regions and accounts, and to ECR Public, each by a role that may push there. */
export function createEcrLogin(sts: STSClient) {
  async function sessionOf(role: string): Promise<NonNullable<ECRClientConfig['credentials']>> {
    const request = new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'slipway-copy-releases' });
    const { Credentials } = await sts.send(request).catch((cause: unknown) => {
      if (!isRefusal(cause)) throw unavailable(`assume ${role}`, cause);
      throw new PushRefusedError(
        `The role ${role} cannot be assumed (${cause.message}). Its trust policy has to name the role of copy-releases, and copies.roles of the configuration has to name it (docs/destinations.md)`,
      );
    });
    const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '', SessionToken } = Credentials ?? {};
    return { accessKeyId, secretAccessKey, ...(SessionToken ? { sessionToken: SessionToken } : {}) };
  }

  /**
   * What pushes to an image's repository, which is made if it is not there.
   * @throws PushRefusedError if the role cannot be assumed, or may not sign in
   */
  return async function logIn(image: string, role: string): Promise<Credentials> {
    const { registry: host, repository } = parseImageReference(image);
    const registry = ecrRegistryOf(host);
    if (!registry)
      throw new InvalidInputError(`${host} is not a registry of ECR: it takes a user and a password, and no role.`);
    const session = await sessionOf(role);
    const ecr = registry.kind === 'public' ? publicEcr(session) : privateEcr(registry, session);
    try {
      const token = await ecr.token();
      await ecr.createRepository(repository).catch(unlessThereOrForbidden);
      const [user = '', ...password] = Buffer.from(token ?? '', 'base64')
        .toString()
        .split(':');
      return { user, password: password.join(':') };
    } catch (cause) {
      if (!isRefusal(cause)) throw unavailable(`sign in to ${host}`, cause);
      throw new PushRefusedError(`The role ${role} may not sign in to ${host} (${cause.message})`);
    }
  };
}

export type EcrLogin = ReturnType<typeof createEcrLogin>;

function privateEcr({ region }: EcrRegistry & { kind: 'private' }, credentials: ECRClientConfig['credentials']) {
  const client = new ECRClient({ region, ...(credentials && { credentials }) });
  return {
    async token() {
      return (await client.send(new GetAuthorizationTokenCommand({}))).authorizationData?.[0]?.authorizationToken;
    },
    createRepository: async (repositoryName: string) =>
      void (await client.send(new CreateRepositoryCommand({ repositoryName }))),
  };
}

function publicEcr(credentials: ECRClientConfig['credentials']) {
  const client = new ECRPUBLICClient({ region: ecrPublicRegion, ...(credentials && { credentials }) });
  return {
    async token() {
      return (await client.send(new GetPublicAuthorizationTokenCommand({}))).authorizationData?.authorizationToken;
    },
    /** The first part of the name is the registry's alias. */
    createRepository: async (name: string) =>
      void (await client.send(
        new CreatePublicRepositoryCommand({ repositoryName: name.slice(name.indexOf('/') + 1) }),
      )),
  };
}

/** If the role may not create repositories, people have created it; if they have not, the push says that it does not exist. */
function unlessThereOrForbidden(error: unknown): void {
  if (!(error instanceof Error) || !['RepositoryAlreadyExistsException', 'AccessDeniedException'].includes(error.name))
    throw error;
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && ['AccessDenied', 'AccessDeniedException', 'ValidationError'].includes(error.name);
}

function unavailable(what: string, cause: unknown): UpstreamError {
  const said = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new UpstreamError(`AWS did not ${what} (${said})`, { cause });
}
