import { AssumeRoleCommand, PackedPolicyTooLargeException, STSClient } from '@aws-sdk/client-sts';
import { InvalidInputError, UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';

/**
 * The longest session that a role may give which was itself assumed, as that of every function is.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
 */
const sessionSeconds = 3600;

export interface SessionCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: string;
}

/** Sessions of the role that all builds share, each limited by a policy of its own. */
export function createBuildSessions(client: STSClient, roleArn: string) {
  return {
    /**
     * @param name which build it is, for those who read CloudTrail
     * @throws InvalidInputError if STS cannot pack the policy: besides its length, its compressed size has a limit, which AWS does not
     * document
     */
    async begin(name: string, policy: string): Promise<SessionCredentials> {
      const request = { RoleArn: roleArn, RoleSessionName: name, Policy: policy, DurationSeconds: sessionSeconds };
      const { Credentials } = await client.send(new AssumeRoleCommand(request)).catch((error: unknown) => {
        if (!(error instanceof PackedPolicyTooLargeException)) throw error;
        throw new InvalidInputError(
          'The build is based on more images of this pipeline than AWS lets it have read access to. Depend on fewer of them.',
          { cause: error },
        );
      });
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
      if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
        throw new UpstreamError('STS began a session without credentials.');
      return {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        sessionToken: SessionToken,
        expiration: Expiration.toISOString(),
      };
    },
  };
}

export type BuildSessions = ReturnType<typeof createBuildSessions>;

export const openBuildSessions = once(() => createBuildSessions(new STSClient({}), variable('BUILD_SESSION_ROLE')));
