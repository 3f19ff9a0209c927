import { loginSettingsSchema } from '../../core/visibility/login-settings.ts';
import { createIdentityProvider } from '../../services/identity/identity-provider.ts';
import type { Account } from './account.ts';
import { type CheckResult, ok, wrong } from './check-result.ts';
import { readSecret, restored } from './secret.ts';

/** Whether the provider of the sign-in answers, takes the client, and sends people back. */
export async function signIn(account: Account): Promise<CheckResult> {
  const text = account.outputs.LoginSettings;
  if (text === undefined)
    return { state: 'not-applicable', text: 'Nobody signs in: the configuration has no "login".' };
  const settings = loginSettingsSchema.parse(JSON.parse(text));
  const { issuer, clientId } = settings;
  const SecretId = account.output('LoginClientSecretArn');
  const value = (await readSecret(account, SecretId))?.trim();
  if (value === undefined)
    return wrong("The secret of the provider's client was deleted: nobody signs in.", restored(SecretId));
  const secret = value === '' || value === 'none' ? undefined : value;
  const redirectUri = `${account.output('SiteUrl').replace(/\/$/, '')}/login/callback`;
  const found = await createIdentityProvider({ settings, secret: async () => secret, redirectUri })
    .examine()
    .catch((error: Error) => error);
  if (found instanceof Error)
    return wrong(
      `${issuer} does not answer as an OpenID Connect provider. ${found.message}`,
      `Correct "login.issuer" in cdk.json: ${issuer.replace(/\/$/, '')}/.well-known/openid-configuration has to answer, and to name the issuer in the same way`,
    );
  if (found.refusal !== undefined)
    return wrong(
      `${issuer} does not take the client ${clientId} ${secret === undefined ? 'without a secret' : 'with its secret'} (${found.refusal}): nobody signs in.`,
      `aws secretsmanager put-secret-value --secret-id ${SecretId} --secret-string SECRET, with the one that the provider shows for the client; "login.clientId" in cdk.json is the client`,
    );
  if (!found.sendsBack)
    return wrong(
      `${issuer} sends nobody back to ${redirectUri}: nobody signs in.`,
      `Register this address with the client ${clientId} at the provider`,
    );
  return ok(`${issuer} takes the client ${clientId}, and sends people back.`);
}
