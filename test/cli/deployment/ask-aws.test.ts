import { expect, it } from 'vitest';
import { askAws } from '../../../cli/deployment/ask-aws.ts';

const failing = (name: string, message: string) => async () => {
  throw Object.assign(new Error(message), { name });
};

it.each([
  ['no region', 'Error', 'Region is missing', /--region or AWS_REGION/],
  ['no credentials', 'CredentialsProviderError', 'Could not load', /set AWS_PROFILE/],
  ['an expired session', 'ExpiredToken', 'The token has expired', /log in once more/],
  ['keys that AWS does not know', 'UnrecognizedClientException', 'The token is invalid.', /Look at AWS_PROFILE/],
  ['another stack', 'ValidationError', 'Stack with id Slipway does not exist', /name it with --stack/],
  ['a missing right', 'AccessDenied', 'You may not.', /It needs cloudformation:DescribeStacks/],
  ['an address where nothing listens', 'Error', 'connect ECONNREFUSED 127.0.0.1:9', /AWS_ENDPOINT_URL if it is set/],
  ['a name that nobody knows', 'Error', 'getaddrinfo ENOTFOUND sts.nowhere-1', /the network, the region/],
])('says of %s what to do', async (_, name, message, expected) => {
  const asked = askAws('Slipway', 'cloudformation:DescribeStacks', failing(name, message));
  await expect(asked).rejects.toThrow(expected);
});
