import {
  CodeBuildClient,
  InvalidInputException,
  ResourceNotFoundException,
  StopBuildCommand,
} from '@aws-sdk/client-codebuild';
import { UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { optionalVariable } from '../environment.ts';

/** The builds in CodeBuild. The state machine starts them; this stops them early. */
export function createCodeBuild(client: CodeBuildClient) {
  return {
    /** Does nothing for a build that has ended, or that CodeBuild no longer knows. */
    async stop(id: string): Promise<void> {
      try {
        await client.send(new StopBuildCommand({ id }));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException || error instanceof InvalidInputException)) throw error;
      }
    },
  };
}

export type CodeBuild = ReturnType<typeof createCodeBuild>;

export const openCodeBuild = once(() => {
  const role = optionalVariable('STOP_BUILDS_ROLE');
  return createCodeBuild(new CodeBuildClient(role === undefined ? {} : { credentials: () => sessionOf(role) }));
});

/** A session of a role in the account of the machines, which the client keeps until it expires. */
async function sessionOf(role: string) {
  // Most stacks have one account, and load nothing of this.
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts');
  const request = new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'slipway-stop-build' });
  const { Credentials: given } = await new STSClient({}).send(request);
  if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration)
    throw new UpstreamError('STS began a session without credentials.');
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken, Expiration } = given;
  return { accessKeyId, secretAccessKey, sessionToken: SessionToken, expiration: Expiration };
}
