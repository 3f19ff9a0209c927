import { ArnFormat, SecretValue, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { VariableName } from '../services/environment.ts';
import type { Config } from './config.ts';
import { acknowledge, allow, type Grantee } from './permissions.ts';

const rotation = 'AwsSolutions-SMG4';

/** The secrets that Slipway shares with the git host, and its own key. They are read at run time; no template and no variable has them. */
export class Secrets extends Construct {
  readonly webhook: string;
  readonly gitHostTokens: string;
  readonly deployCredentials: string;
  readonly registryCredentials: string;
  readonly pullCredentials: string;
  /** What the names of the secrets of builds begin with. Operators make them, for an app-id each. */
  readonly buildSecrets: string;
  /** The same for those that have addresses of `notify-url`. */
  readonly notifyUrls: string;
  /** The same for those that open the sources of private projects. */
  readonly sourceSecrets: string;
  /** Undefined where nobody signs in. */
  readonly loginClient: string | undefined;
  readonly #sealKey: string;

  constructor(scope: Construct, id: string, { prefix, login }: Pick<Config, 'prefix' | 'login'>) {
    super(scope, id);
    this.buildSecrets = `${prefix.toLowerCase()}/build-secrets/`;
    this.notifyUrls = `${prefix.toLowerCase()}/notify-urls/`;
    this.sourceSecrets = `${prefix.toLowerCase()}/source-secrets/`;
    const webhook = new Secret(this, 'Webhook', {
      description: 'The master secret, from which the secret of each webhook of the git host is derived.',
      generateSecretString: { excludePunctuation: true, passwordLength: 48 },
    });
    acknowledge(
      webhook,
      rotation,
      'What is derived from it is in the webhooks of the git host, which an operator sets after a rotation (slipway webhook rotate).',
    );
    this.webhook = webhook.secretArn;

    const tokens = new Secret(this, 'GitHostTokens', {
      description:
        'What reads the index and writes commit statuses: "none", a token of the first git host, or JSON with a token by the host.',
      // No secret yet: the operator puts one in. Deployments leave it unchanged as long as this text stays the same.
      secretStringValue: SecretValue.unsafePlainText('none'),
    });
    acknowledge(tokens, rotation, 'The git hosts issue the tokens; an operator replaces them before they expire.');
    this.gitHostTokens = tokens.secretArn;

    const deployCredentials = new Secret(this, 'DeployCredentials', {
      description:
        'What pushes to repositories of manifests: JSON, by the host, an owner or a repository there {"username", "password", "app-ids"}.',
      secretStringValue: SecretValue.unsafePlainText('{}'),
    });
    acknowledge(
      deployCredentials,
      rotation,
      'The git hosts issue the tokens; an operator replaces them before they expire.',
    );
    this.deployCredentials = deployCredentials.secretArn;

    const registryCredentials = new Secret(this, 'RegistryCredentials', {
      description:
        'What pushes to other registries: JSON, by the host or a folder of it {"username", "password", "app-ids"}.',
      secretStringValue: SecretValue.unsafePlainText('{}'),
    });
    acknowledge(
      registryCredentials,
      rotation,
      'The registries issue the tokens; an operator replaces them before they expire.',
    );
    this.registryCredentials = registryCredentials.secretArn;

    const pullCredentials = new Secret(this, 'PullCredentials', {
      description:
        'What pulls private base images: JSON, by the host or a folder of it {"username", "password", "app-ids"}.',
      secretStringValue: SecretValue.unsafePlainText('{}'),
    });
    acknowledge(
      pullCredentials,
      rotation,
      'The registries issue the tokens; an operator replaces them before they expire.',
    );
    this.pullCredentials = pullCredentials.secretArn;

    this.loginClient = login && this.#loginClient();

    const sealKey = new Secret(this, 'SealKey', {
      description: 'Signs the cursors of lists and the links in mails, so that nobody else can make them.',
      generateSecretString: { excludePunctuation: true, passwordLength: 48 },
    });
    acknowledge(
      sealKey,
      rotation,
      'The key protects no data; with a new one, the cursors and links in use would no longer be valid.',
    );
    this.#sealKey = sealKey.secretArn;
  }

  #loginClient(): string {
    const secret = new Secret(this, 'LoginClient', {
      description: 'The secret of the client at the identity provider, or "none" for a client that has none.',
      secretStringValue: SecretValue.unsafePlainText('none'),
    });
    acknowledge(secret, rotation, 'The identity provider issues it; an operator replaces it before it expires.');
    return secret.secretArn;
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

  /** Says what the ARNs of the secrets of builds begin with. */
  grantBuildSecretsArn(grantee: Grantee): void {
    grantee.setVariable('BUILD_SECRETS_ARN', this.#arnOf(this.buildSecrets));
  }

  /** Reads the secrets of all builds: the policy of a session says which. */
  grantReadBuildSecrets(grantee: Grantee): void {
    allow(grantee, {
      actions: ['secretsmanager:GetSecretValue'],
      resources: [`${this.#arnOf(this.buildSecrets)}*`],
      because: 'Projects are data, and so are their secrets: the policy of each session names those of its build.',
    });
    grantee.setVariable('BUILD_SECRETS_PREFIX', this.buildSecrets);
  }

  /** Sees whether the secrets of builds are there, and not what they are. */
  grantDescribeBuildSecrets(grantee: Grantee): void {
    allow(grantee, {
      actions: ['secretsmanager:DescribeSecret'],
      resources: [`${this.#arnOf(this.buildSecrets)}*`],
      because: 'Projects are data, and so are their secrets.',
    });
    grantee.setVariable('BUILD_SECRETS_PREFIX', this.buildSecrets);
  }

  grantReadNotifyUrls(grantee: Grantee): void {
    allow(grantee, {
      actions: ['secretsmanager:GetSecretValue'],
      resources: [`${this.#arnOf(this.notifyUrls)}*`],
      because: 'Projects are data, and so are the secrets that have their addresses.',
    });
    grantee.setVariable('NOTIFY_URLS_PREFIX', this.notifyUrls);
  }

  grantReadSourceSecrets(grantee: Grantee): void {
    allow(grantee, {
      actions: ['secretsmanager:GetSecretValue'],
      resources: [`${this.#arnOf(this.sourceSecrets)}*`],
      because: 'Projects are data, and so are the secrets that open their sources: the entry of each names its own.',
    });
    grantee.setVariable('SOURCE_SECRETS_PREFIX', this.sourceSecrets);
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
}
