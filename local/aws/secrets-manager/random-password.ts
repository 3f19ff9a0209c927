import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { AwsError } from '../service.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-secretsmanager-secret-generatesecretstring.html */
export const generateSecretStringSchema = z.strictObject({
  ExcludePunctuation: z.boolean().default(false),
  PasswordLength: z.int().min(1).max(4096).default(32),
});

/**
 * Makes the password that a template requests, with at least one character of every kind.
 * @throws AwsError `InvalidParameterException`
 */
export function randomPassword({
  ExcludePunctuation,
  PasswordLength,
}: z.infer<typeof generateSecretStringSchema>): string {
  const kinds = [
    'abcdefghijklmnopqrstuvwxyz',
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    '0123456789',
    ...(ExcludePunctuation ? [] : ['!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~']),
  ];
  if (PasswordLength < kinds.length)
    throw new AwsError('InvalidParameterException', 'The password length is too short.');
  const characters = kinds.map(pick);
  while (characters.length < PasswordLength) characters.push(pick(kinds.join('')));
  // The required ones must not always be at the beginning.
  for (let last = characters.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [characters[last], characters[other]] = [characters[other] ?? '', characters[last] ?? ''];
  }
  return characters.join('');
}

function pick(characters: string): string {
  return characters[randomInt(characters.length)] ?? '';
}
