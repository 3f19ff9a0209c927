import * as z from 'zod';

export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .overwrite((url) => url.replace(/\/+$/, ''));
export const mailAddress = z.email({ error: 'must be a mail address, such as slipway@example.org' });
export const accountId = z.string().regex(/^\d{12}$/, 'must be the number of an account, in quotes: twelve digits');
export const roleArn = z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of a role');
