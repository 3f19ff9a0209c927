import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { SigningUnavailableError } from '../../core/model/errors.ts';

/** A key of KMS that signs: ECDSA on the curve P-256. The private key never leaves KMS. */
export function createSigningKey(client: KMSClient, KeyId: string) {
  let publicKey: Promise<Uint8Array> | undefined;

  async function readPublicKey(): Promise<Uint8Array> {
    const { PublicKey = Buffer.of() } = await client
      .send(new GetPublicKeyCommand({ KeyId }))
      .catch(refuse('give its public key'));
    return PublicKey;
  }

  function refuse(what: string) {
    return (cause: unknown): never => {
      // A failed reading is not kept.
      publicKey = undefined;
      const said = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
      throw new SigningUnavailableError(
        `The signing key ${KeyId} could not ${what} (${said}). Whoever runs this pipeline sees its state in KMS.`,
        { cause },
      );
    };
  }

  return {
    /**
     * The public key as DER. It never changes.
     * @throws SigningUnavailableError
     */
    publicKey(): Promise<Uint8Array> {
      publicKey ??= readPublicKey();
      return publicKey;
    },

    /**
     * The signature, as DER, of a SHA-256 digest.
     * @throws SigningUnavailableError
     */
    async sign(digest: Uint8Array): Promise<Buffer> {
      const request = { KeyId, Message: digest, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' } as const;
      const { Signature } = await client.send(new SignCommand(request)).catch(refuse('sign'));
      return Buffer.from(Signature ?? []);
    },
  };
}

export type SigningKey = ReturnType<typeof createSigningKey>;
