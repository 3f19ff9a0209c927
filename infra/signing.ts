import { RemovalPolicy } from 'aws-cdk-lib';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { allow, type Grantee } from './permissions.ts';

/**
 * The key that signs releases. It outlives the stack: what it signed is verified with it for as long as the images are used. Its policy
 * leaves to the policies of the account's roles who may use it, and of the roles of this stack only that of `Sign` may sign.
 */
export class Signing extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, { alias }: { alias: string }) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Signs released images and what is known of them.',
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    this.key.addAlias(alias);
  }

  grantSign(grantee: Grantee): void {
    this.#allow(grantee, 'kms:Sign', 'kms:GetPublicKey');
  }

  grantReadPublicKey(grantee: Grantee): void {
    this.#allow(grantee, 'kms:GetPublicKey');
  }

  #allow(grantee: Grantee, ...actions: string[]): void {
    allow(grantee, { actions, resources: [this.key.keyArn] });
    grantee.setVariable('SIGNING_KEY', this.key.keyArn);
  }
}
