import { CfnOutput, PhysicalName } from 'aws-cdk-lib';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { AccountStack } from './account-stack.ts';
import type { Config } from './config.ts';
import { allow } from './permissions.ts';

/** An account whose registry gets copies of releases (docs/accounts.md): the role that writes them. */
export class ImageAccount extends AccountStack {
  readonly role: Role;

  constructor(scope: Construct, { config, account, pipeline }: { config: Config; account: string; pipeline: string }) {
    super(scope, `${config.prefix}Images${account}`, {
      config,
      description: 'Lets Slipway copy its releases to the registry of this account.',
      account,
    });
    this.role = new Role(this, 'Copies', {
      roleName: PhysicalName.GENERATE_IF_NEEDED,
      description: 'What Slipway may do here: write copies of releases.',
      // Whether a role of that account may assume this one, its policies say: only that of `copy-releases` may.
      assumedBy: new AccountPrincipal(pipeline),
    });
    allow(this.role, {
      actions: ['ecr:GetAuthorizationToken'],
      resources: ['*'],
      because: 'The token is for the whole registry; the call knows no resource.',
    });
    allow(this.role, {
      actions: [
        'ecr:CreateRepository',
        'ecr:BatchCheckLayerAvailability',
        'ecr:BatchGetImage',
        'ecr:GetDownloadUrlForLayer',
        'ecr:InitiateLayerUpload',
        'ecr:UploadLayerPart',
        'ecr:CompleteLayerUpload',
        'ecr:PutImage',
      ],
      resources: [this.formatArn({ service: 'ecr', resource: 'repository', resourceName: '*' })],
      because: 'The index names the destinations, which come and go without a deployment.',
    });
    new CfnOutput(this, 'RegistryCredentials', {
      description: 'Belongs in the secret RegistryCredentialsSecretArn of the pipeline.',
      value: this.toJsonString({
        [`${account}.dkr.ecr.${this.region}.${this.urlSuffix}`]: { role: this.role.roleArn },
      }),
    });
  }
}
