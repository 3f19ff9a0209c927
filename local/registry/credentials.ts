import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Authority, Caller } from '../aws/service.ts';

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html */
const lifetime = 12 * 60 * 60 * 1000;

export const anonymous: Caller = { arn: 'anonymous', kind: 'anonymous' };

const callerSchema = z.object({
  arn: z.string(),
  kind: z.enum(['role', 'service', 'owner', 'anonymous']),
  sourceArn: z.string().optional(),
  session: z.string().optional(),
});

export type Credentials = ReturnType<typeof createCredentials>;

/** The passwords of the registry: tokens that ECR gives out, and the keys of the machine's owner. */
export function createCredentials(database: DatabaseSync, iam: Authority) {
  const insert = database.prepare('insert into ecr_token (hash, caller, expires_at) values (?, ?, ?)');
  const select = database.prepare('select caller from ecr_token where hash = ? and expires_at > ?');
  const purge = database.prepare('delete from ecr_token where expires_at <= ?');

  const callerOfToken = (token: string): Caller | undefined => {
    const row = select.get(fingerprint(token), Date.now());
    const caller: Caller | undefined = row && callerSchema.parse(JSON.parse(String(row.caller)));
    // ECR's documents do not say whether a token outlives the session that it was given to; here it does not.
    return caller && iam.isCurrent(caller) ? caller : undefined;
  };

  return {
    /** A token that acts as the caller for twelve hours, over a restart too. */
    issue(caller: Caller): { token: string; expiresAt: number } {
      purge.run(Date.now());
      const token = randomBytes(48).toString('base64url');
      const expiresAt = Date.now() + lifetime;
      insert.run(fingerprint(token), JSON.stringify(caller), expiresAt);
      return { token, expiresAt };
    },

    callerOfToken,

    callerOfPassword(user: string, password: string): Caller | undefined {
      if (user === 'AWS') return callerOfToken(password);
      const secret = iam.secretOf(user);
      if (secret === undefined || !isSame(secret, password)) return undefined;
      const caller = iam.callerOf(user);
      // A role's keys sign requests; as on AWS, they are not a password.
      return caller?.kind === 'owner' ? caller : undefined;
    },
  };
}

/** The database keeps no token that anybody could use. */
function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function isSame(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
