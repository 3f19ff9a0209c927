import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { AwsError } from '../service.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-secretsmanager-secret-generatesecretstring.html */
export const generateSecretStringSchema = z.strictObject({
  ExcludeCharacters: z.string().default(''),
  ExcludeLowercase: z.boolean().default(false),
  ExcludeNumbers: z.boolean().default(false),
  ExcludePunctuation: z.boolean().default(false),
  ExcludeUppercase: z.boolean().default(false),
  IncludeSpace: z.boolean().default(false),
  PasswordLength: z.int().min(1).max(4096).default(32),
  RequireEachIncludedType: z.boolean().default(true),
  SecretStringTemplate: z.string().optional(),
  GenerateStringKey: z.string().optional(),
});

export type GenerateSecretString = z.infer<typeof generateSecretStringSchema>;

/**
 * Makes up the secret that a template asks for: a password, or a JSON object that has one under a key.
 * @throws AwsError `InvalidParameterException`
 */
export function generateSecretString(options: GenerateSecretString): string {
  const { SecretStringTemplate, GenerateStringKey } = options;
  if (SecretStringTemplate === undefined && GenerateStringKey === undefined) return password(options);
  if (SecretStringTemplate === undefined || GenerateStringKey === undefined) {
    throw new AwsError(
      'InvalidParameterException',
      'SecretStringTemplate and GenerateStringKey must be given together.',
    );
  }
  const template = z.record(z.string(), z.unknown()).safeParse(JSON.parse(SecretStringTemplate));
  if (!template.success) throw new AwsError('InvalidParameterException', 'SecretStringTemplate must be a JSON object.');
  return JSON.stringify({ ...template.data, [GenerateStringKey]: password(options) });
}

function password(options: GenerateSecretString): string {
  const kinds = [
    options.ExcludeLowercase ? '' : 'abcdefghijklmnopqrstuvwxyz',
    options.ExcludeUppercase ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    options.ExcludeNumbers ? '' : '0123456789',
    options.ExcludePunctuation ? '' : '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
    options.IncludeSpace ? ' ' : '',
  ]
    .map((kind) => [...kind].filter((character) => !options.ExcludeCharacters.includes(character)))
    .filter((kind) => kind.length > 0);
  const required = options.RequireEachIncludedType ? kinds : [];
  if (kinds.length === 0 || required.length > options.PasswordLength) {
    throw new AwsError(
      'InvalidParameterException',
      'The password length is too short, or no character is left to choose from.',
    );
  }
  const characters = required.map(pick);
  while (characters.length < options.PasswordLength) characters.push(pick(kinds.flat()));
  // The required ones must not always stand at the beginning.
  for (let last = characters.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [characters[last], characters[other]] = [characters[other] ?? '', characters[last] ?? ''];
  }
  return characters.join('');
}

function pick(characters: readonly string[]): string {
  return characters[randomInt(characters.length)] ?? '';
}
