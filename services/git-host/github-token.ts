import { createSecret } from '../aws/secrets.ts';

/** The GitHub token, or undefined while the operator has not put one into its secret: public repositories work without. */
export function createGithubToken(secretId: string): () => Promise<string | undefined> {
  const secret = createSecret(secretId);
  return async () => {
    const value = (await secret.current()).trim();
    return value === '' || value === 'none' ? undefined : value;
  };
}
