import { RemovalPolicy } from 'aws-cdk-lib';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { VariableName } from '../services/environment.ts';
import { allow, type Grantee } from './permissions.ts';

interface SigningProps {
  alias: string;
  /** What it signs. */
  description: string;
  /** By which functions know the key. */
  variable: VariableName;
}

/**
 * A key that signs. It outlives the stack: what it signed is verified with it for as long as that is used. Its policy leaves to the policies
 * of the account's roles who may use it. Of the roles of this stack only that of `Sign` may sign with the key of releases, and only those that
 * write manifests with the key of commits.
 */
export class Signing extends Construct {
  readonly key: Key;
  readonly #variable: VariableName;

  constructor(scope: Construct, id: string, { alias, description, variable }: SigningProps) {
    super(scope, id);
    this.#variable = variable;
    this.key = new Key(this, 'Key', {
      description,
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
    grantee.setVariable(this.#variable, this.key.keyArn);
  }
}
