import * as z from 'zod';

/** The OpenID Connect provider that says who somebody is: the part `login` of the configuration. */
export const loginSettingsSchema = z.strictObject({
  issuer: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .describe(
      'The issuer of the OpenID Connect provider: a user pool of Cognito, Google, Okta, Keycloak, Dex. Without it nobody signs in.',
    ),
  clientId: z.string().min(1).describe('The id of the client that the provider has for Slipway.'),
  scopes: z
    .string()
    .regex(/^openid(?: [\w.:/-]+)*$/, 'must begin with openid')
    .default('openid email')
    .describe('What is asked of the provider; some give groups only for a scope of their own.'),
  groupsClaim: z
    .string()
    .min(1)
    .default('groups')
    .describe('The claim that has the groups; `cognito:groups` for Cognito.'),
});

export type LoginSettings = z.infer<typeof loginSettingsSchema>;
