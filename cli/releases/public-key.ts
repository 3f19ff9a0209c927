import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { publicKeyPem } from '../../core/signing/public-key.ts';
import { askAws } from '../deployment/ask-aws.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { DeploymentError } from '../errors.ts';

/** The key that verifies releases, as PEM. */
export async function readPublicKey({ stack, settings, output }: Deployment): Promise<string> {
  const KeyId = output('SigningKeyArn');
  if (KeyId === undefined)
    throw new DeploymentError(`The stack ${stack} has no signing key yet: deploy it again, or use --key.`);
  const read = () => new KMSClient(settings).send(new GetPublicKeyCommand({ KeyId }));
  const { PublicKey = Buffer.of() } = await askAws(stack, 'kms:GetPublicKey on the signing key', read);
  return publicKeyPem(PublicKey);
}
