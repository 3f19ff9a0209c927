import { PackedPolicyTooLargeException, type STSClient } from '@aws-sdk/client-sts';
import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { createBuildSessions } from '../../../services/aws/build-sessions.ts';

const sessionsThatFail = (error: Error) =>
  createBuildSessions({ send: () => Promise.reject(error) } as unknown as STSClient, 'arn:role');

it('a policy that STS cannot pack is the build’s own fault, which trying again does not help', async () => {
  const tooLarge = new PackedPolicyTooLargeException({ $metadata: {}, message: 'Packed policy consumes 104%' });
  const beginning = sessionsThatFail(tooLarge).begin('build-1', '{}');
  await expect(beginning).rejects.toBeInstanceOf(InvalidInputError);
  await expect(beginning).rejects.toThrow(/Depend on fewer/);
});

it('any other failure of STS is not', async () => {
  await expect(sessionsThatFail(new Error('Throttling')).begin('build-1', '{}')).rejects.toThrow('Throttling');
});
