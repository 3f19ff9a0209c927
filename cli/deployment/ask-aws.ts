import * as z from 'zod';
import { DeploymentError } from '../errors.ts';

const errorSchema = z.object({ name: z.string(), message: z.string() });

/**
 * Calls AWS about a stack.
 * @param needs the permission, and on what
 * @throws DeploymentError, which says what the caller can do
 */
export async function askAws<Answer>(stack: string, needs: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    throw new DeploymentError(explain(stack, needs, cause), { cause });
  }
}

function explain(stack: string, needs: string, error: unknown): string {
  const { name, message } = errorSchema.safeParse(error).data ?? { name: '', message: String(error) };
  if (/region is missing|region not accepted/i.test(message))
    return 'There is no Slipway of this machine here, and no AWS region is set: name the data folder of "npm run local" with --data, or the region of the stack with --region or AWS_REGION.';
  if (name === 'CredentialsProviderError') {
    return 'There are no AWS credentials: set AWS_PROFILE, or log in with "aws sso login" or "aws login". Slipway on this machine is found by its data folder: --data .slipway';
  }
  if (/expired/i.test(`${name} ${message}`)) return 'The AWS credentials have expired: log in once more.';
  if (/does not exist/.test(message)) {
    return `There is no stack ${stack} in this account and region: name it with --stack, or set AWS_REGION and AWS_PROFILE.`;
  }
  if (/AccessDenied|not authorized/.test(`${name} ${message}`)) {
    return `AWS does not allow it: ${message} It needs ${needs}.`;
  }
  if (/Deserialization error/.test(message))
    return 'What answers here is not AWS: correct or unset AWS_ENDPOINT_URL, and look at the proxy of this machine.';
  if (/InvalidClientTokenId|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch/.test(name))
    return `AWS does not know these credentials: ${message} Look at AWS_PROFILE and at what AWS_ACCESS_KEY_ID is set to.`;
  if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET/.test(`${name} ${message}`))
    return `AWS cannot be reached (${message}): look at the network, the region, and AWS_ENDPOINT_URL if it is set.`;
  return `AWS answered: ${message || name}`;
}
