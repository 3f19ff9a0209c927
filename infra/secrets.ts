import { ArnFormat, SecretValue, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { VariableName } from '../services/environment.ts';
import type { Config } from './config.ts';
import { acknowledge, allow, type Grantee } from './permissions.ts';

interface SecretProps {
  description: string;
  /** The value until the operator puts one in, which later deployments leave unchanged. @default a random one */
  initially?: string;
  /** Why AWS does not rotate it. */
  notRotated: string;
}

/** The secrets that Slipway shares with the git host, and its own key. They are read at run time; no template and no variable has them. */
export class Secrets extends Construct {
  readonly webhook: string;
  readonly gitHostTokens: string;
  readonly deployCredentials: string;
  readonly registryCredentials: string;
  readonly pullCredentials: string;
  /** The prefix of the names of the builds' secrets. Operators make them, for an app-id each. */
  readonly buildSecrets: string;
  /** The same for those that have addresses of `notify-url`. */
  readonly notifyUrls: string;
  /** The same for those that open the sources of private projects. */
  readonly sourceSecrets: string;
  /** Undefined where nobody signs in. */
  readonly loginClient: string | undefined = undefined;
  readonly #sealKey: string;

  constructor(scope: Construct, id: string, { prefix, login }: Pick<Config, 'prefix' | 'login'>) {
    super(scope, id);
    this.buildSecrets = `${prefix.toLowerCase()}/build-secrets/`;
    this.notifyUrls = `${prefix.toLowerCase()}/notify-urls/`;
    this.sourceSecrets = `${prefix.toLowerCase()}/source-secrets/`;
    this.webhook = this.#secret('Webhook', {
      description: 'The master secret, from which the secret of each webhook of the git host is derived.',
      notRotated:
        'What is derived from it is in the webhooks of the git host, which an operator sets after a rotation (slipway webhook rotate).',
    });
    this.gitHostTokens = this.#secret('GitHostTokens', {
      description:
        'What reads the index and writes commit statuses: "none", a token of the first git host, or JSON with a token by the host.',
      initially: 'none',
      notRotated: 'The git hosts issue the tokens; an operator replaces them before they expire.',
    });
    this.deployCredentials = this.#secret('DeployCredentials', {
      description:
        'What pushes to repositories of manifests: JSON, by the host, an owner or a repository there {"username", "password", "app-ids"}.',
      initially: '{}',
      notRotated: 'The git hosts issue the tokens; an operator replaces them before they expire.',
    });
    this.registryCredentials = this.#secret('RegistryCredentials', {
      description:
        'What pushes to other registries: JSON, by the host or a folder of it {"username", "password", "app-ids"}.',
      initially: '{}',
      notRotated: 'The registries issue the tokens; an operator replaces them before they expire.',
    });
    this.pullCredentials = this.#secret('PullCredentials', {
      description:
        'What pulls private base images: JSON, by the host or a folder of it {"username", "password", "app-ids"}.',
      initially: '{}',
      notRotated: 'The registries issue the tokens; an operator replaces them before they expire.',
    });
    if (login)
      this.loginClient = this.#secret('LoginClient', {
        description: 'The secret of the client at the identity provider, or "none" for a client that has none.',
        initially: 'none',
        notRotated: 'The identity provider issues it; an operator replaces it before it expires.',
      });
    this.#sealKey = this.#secret('SealKey', {
      description: 'Signs the cursors of lists and the links in mails, so that nobody else can make them.',
      notRotated: 'The key protects no data; with a new one, the cursors and links in use would no longer be valid.',
    });
  }

  grantReadLoginClient(grantee: Grantee): void {
    if (this.loginClient !== undefined) this.#grantRead(grantee, this.loginClient, 'LOGIN_CLIENT_SECRET');
  }

  grantReadWebhook(grantee: Grantee): void {
    this.#grantRead(grantee, this.webhook, 'WEBHOOK_SECRET');
  }

  grantSeal(grantee: Grantee): void {
    this.#grantRead(grantee, this.#sealKey, 'SEAL_KEY_SECRET');
  }

  grantReadGitHostTokens(grantee: Grantee): void {
    this.#grantRead(grantee, this.gitHostTokens, 'GIT_HOST_TOKENS_SECRET');
  }

  grantReadDeployCredentials(grantee: Grantee): void {
    this.#grantRead(grantee, this.deployCredentials, 'DEPLOY_CREDENTIALS_SECRET');
  }

  grantReadRegistryCredentials(grantee: Grantee): void {
    this.#grantRead(grantee, this.registryCredentials, 'REGISTRY_CREDENTIALS_SECRET');
  }

  grantReadPullCredentials(grantee: Grantee): void {
    this.#grantRead(grantee, this.pullCredentials, 'PULL_CREDENTIALS_SECRET');
  }

  /** Names the prefix of the ARNs of the builds' secrets. */
  grantBuildSecretsArn(grantee: Grantee): void {
    grantee.setVariable('BUILD_SECRETS_ARN', this.#arnOf(this.buildSecrets));
  }

  /** Reads the secrets of all builds: the policy of a session says which. */
  grantReadBuildSecrets(grantee: Grantee): void {
    this.#grantAll(grantee, 'GetSecretValue', this.buildSecrets, 'BUILD_SECRETS_PREFIX');
  }

  /** Sees whether the builds' secrets exist, and not their values. */
  grantDescribeBuildSecrets(grantee: Grantee): void {
    this.#grantAll(grantee, 'DescribeSecret', this.buildSecrets, 'BUILD_SECRETS_PREFIX');
  }

  grantReadNotifyUrls(grantee: Grantee): void {
    this.#grantAll(grantee, 'GetSecretValue', this.notifyUrls, 'NOTIFY_URLS_PREFIX');
  }

  grantReadSourceSecrets(grantee: Grantee): void {
    this.#grantAll(grantee, 'GetSecretValue', this.sourceSecrets, 'SOURCE_SECRETS_PREFIX');
  }

  #secret(id: string, { description, initially, notRotated }: SecretProps): string {
    const value =
      initially === undefined
        ? { generateSecretString: { excludePunctuation: true, passwordLength: 48 } }
        : { secretStringValue: SecretValue.unsafePlainText(initially) };
    const secret = new Secret(this, id, { description, ...value });
    acknowledge(secret, 'AwsSolutions-SMG4', notRotated);
    return secret.secretArn;
  }

  #arnOf(prefix: string): string {
    return Stack.of(this).formatArn({
      service: 'secretsmanager',
      resource: 'secret',
      resourceName: prefix,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  #grantRead(grantee: Grantee, arn: string, variable: VariableName): void {
    allow(grantee, { actions: ['secretsmanager:GetSecretValue'], resources: [arn] });
    grantee.setVariable(variable, arn);
  }

  #grantAll(
    grantee: Grantee,
    action: 'GetSecretValue' | 'DescribeSecret',
    prefix: string,
    variable: VariableName,
  ): void {
    allow(grantee, {
      actions: [`secretsmanager:${action}`],
      resources: [`${this.#arnOf(prefix)}*`],
      because: 'Projects are data, and so are their secrets: the entry of each names its own.',
    });
    grantee.setVariable(variable, prefix);
  }
}
