import { InvalidInputError } from '../core/model/errors.ts';

/**
 * Every environment variable that the stack or one machine sets and a function or the builder reads. The constructs in `infra/` take their keys
 * from this list and the readers take theirs from it, so a name cannot differ between the two.
 */
export const variableNames = [
  'ADDRESSES_TABLE',
  'BACKGROUND_DEAD_LETTERS_URL',
  'BACKGROUND_TRIGGERS_QUEUE_URL',
  'BASES_TABLE',
  'BUILDKIT_IMAGE',
  'BUILDS_AT_ONCE',
  'BUILDS_IN_FLIGHT',
  'BUILDS_PER_HOUR',
  'BUILD_SECRETS_ARN',
  'BUILD_SECRETS_PREFIX',
  'BUILD_SESSION_ROLE',
  'BUILDS_TABLE',
  'BUILD_ID',
  'BUILD_ENVIRONMENT',
  'BUILD_MACHINE',
  'BUILD_TIMEOUT_SECONDS',
  'BUILD_TOKEN',
  'CASCADES_TABLE',
  'CODEBUILD_PROJECT',
  'COMMIT_SIGNING_KEY',
  'COPY_RELEASES_FUNCTION',
  'CREDENTIALS_FUNCTION',
  'DEAD_LETTERS_URL',
  'DELIVERIES_TABLE',
  'DEPENDENTS_TABLE',
  'DEPLOY_AUTHOR',
  'DEPLOY_CREDENTIALS_SECRET',
  'GIT_HOSTS',
  'GIT_HOST_TOKENS_SECRET',
  'HEADS_TABLE',
  'INDEX_BRANCH',
  'INDEX_URL',
  'LOGIN',
  'LOGIN_CLIENT_SECRET',
  'MAILS_TABLE',
  'MAIL_CONFIGURATION_SET',
  'MOST_RECIPIENTS',
  'NOTIFY_URLS_PREFIX',
  'OPERATORS',
  'PLATFORM',
  'POLICY',
  'PREBUILD_IMAGE',
  'PULL_CREDENTIALS_SECRET',
  'PULL_THROUGH',
  'PRIVATE_HOSTS',
  'PROJECTS_TABLE',
  'RECORDS_BUCKET',
  'RECORDS_BUCKET_ARN',
  'REGISTRY_CREDENTIALS_SECRET',
  'RELEASES_TABLE',
  'REPLACE_CONTAINER_DOCUMENT',
  'REPOSITORIES_ARN',
  'REPOSITORY_PREFIX',
  'RETENTION',
  'RETRY_DELIVERIES_FUNCTION',
  'ROLL_SERVICES_FUNCTION',
  'ROLLED_SERVICES',
  'SEAL_KEY_SECRET',
  'SENDER',
  'SIGNING_KEY',
  'SITE_URL',
  'SOURCES_TABLE',
  'SOURCE_SECRETS_PREFIX',
  'STATE_MACHINE_ARN',
  'STOP_BUILDS_ROLE',
  'TARGETS_TABLE',
  'TRIGGERS_QUEUE_URL',
  'TRIGGER_SENDERS',
  'TRUST_ADDRESSES',
  'TRUST_BUILDS',
  'UNTRUSTED_DEAD_LETTERS_URL',
  'UNTRUSTED_TRIGGERS_QUEUE_URL',
  'URL_NOTIFICATIONS_TABLE',
  'WEBHOOK_SECRET',
] as const;

export type VariableName = (typeof variableNames)[number];
/**
 * One environment variable, checked when it is read, so that a function needs only those that it uses.
 * @throws InvalidInputError naming the variable that is missing
 */
export function variable(name: VariableName): string {
  const value = process.env[name];
  if (value === undefined) throw new InvalidInputError(`The environment variable ${name} is not set.`);
  return value;
}

/** Undefined if the deployment does not use what the variable is for. */
export function optionalVariable(name: VariableName): string | undefined {
  return process.env[name];
}

/** Whether a permission was given expressly: only the text `true` counts, and a variable that is not set gives none. */
export function isPermitted(name: VariableName): boolean {
  return process.env[name] === 'true';
}

/** A variable that holds JSON. */
export function jsonVariable(name: VariableName): unknown {
  return JSON.parse(variable(name));
}

/** A variable that holds a JSON list of strings. */
export function listVariable(name: VariableName): string[] {
  return jsonVariable(name) as string[];
}

/** A variable that holds a JSON object of strings. */
export function recordVariable(name: VariableName): Record<string, string> {
  return jsonVariable(name) as Record<string, string>;
}

/** The address of the pages, without a slash at its end. */
export function siteUrl(): string {
  return variable('SITE_URL').replace(/\/$/, '');
}
