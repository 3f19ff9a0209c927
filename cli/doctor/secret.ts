import {
  GetSecretValueCommand,
  InvalidRequestException,
  ResourceNotFoundException,
} from '@aws-sdk/client-secrets-manager';
import type { Account } from './account.ts';

/** Undefined where somebody has deleted the secret; until its recovery window is over, it is marked for deletion. */
export async function readSecret({ secrets }: Account, SecretId: string): Promise<string | undefined> {
  try {
    return (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
  } catch (error) {
    const isDeleted = error instanceof InvalidRequestException && /delet/.test(error.message);
    if (isDeleted || error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** How to get one back. */
export const restored = (SecretId: string) =>
  `Within its recovery window: aws secretsmanager restore-secret --secret-id ${SecretId}`;
