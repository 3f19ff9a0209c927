import { once } from '../../core/once.ts';
import { digestOfCommit, sshSignature } from '../../core/signing/ssh-signature.ts';
import { openCommitKey } from '../aws/commit-key.ts';
import type { SigningKey } from '../aws/signing-key.ts';
import type { SignCommit } from './git-files.ts';

/** Signs commits by a key of KMS. */
export function createCommitSigner(key: SigningKey): SignCommit {
  return async (commit) => sshSignature(await key.sign(digestOfCommit(commit)), await key.publicKey());
}

/** Undefined where commits are not signed. */
export const openCommitSigner = once(() => {
  const key = openCommitKey();
  return key && createCommitSigner(key);
});
