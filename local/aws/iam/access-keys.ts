import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { accountIn, type Caller, type Keys } from '../service.ts';

interface Holder {
  caller: Caller;
  secretAccessKey: string;
}

const keyRow = z.object({
  access_key_id: z.string(),
  secret_access_key: z.string(),
  holder: z.string(),
  session: z.string(),
});
const ownerHolder = 'owner';

/** The access keys of the account, and whose they are. Those of its owner and its roles outlive a restart; those of sessions do not. */
export function createAccessKeys(accountId: string, database: DatabaseSync) {
  database.exec(`create table if not exists iam_keys (
    access_key_id text primary key, secret_access_key text not null, holder text not null, session text not null,
    unique (holder, session)) strict`);
  const insertKeys = database.prepare('insert into iam_keys values (?, ?, ?, ?)');
  const selectKeys = database.prepare('select * from iam_keys');

  const keys = new Map<string, Keys>();
  const holders = new Map<string, Holder>();
  const owner: Caller = { arn: `arn:aws:iam::${accountId}:root`, kind: 'owner' };

  /** A role under the name of a session. */
  const callerFor = (roleArn: string, session: string): Caller => ({
    arn: `arn:aws:sts::${accountIn(roleArn)}:assumed-role/${roleArn.slice(roleArn.lastIndexOf('/') + 1)}/${session}`,
    kind: 'role',
  });

  const keep = (row: z.infer<typeof keyRow>): Keys => {
    const pair = { accessKeyId: row.access_key_id, secretAccessKey: row.secret_access_key };
    keys.set(`${row.holder} ${row.session}`, pair);
    holders.set(pair.accessKeyId, {
      caller: row.holder === ownerHolder ? owner : callerFor(row.holder, row.session),
      secretAccessKey: pair.secretAccessKey,
    });
    return pair;
  };
  for (const row of selectKeys.all()) keep(keyRow.parse(row));

  const keysFor = (holder: string, session: string): Keys => {
    const known = keys.get(`${holder} ${session}`);
    // A copy, because the SDK writes into what it is given.
    if (known) return { ...known };
    const { accessKeyId, secretAccessKey } = newKeys('AKIA');
    insertKeys.run(accessKeyId, secretAccessKey, holder, session);
    return keep({ access_key_id: accessKeyId, secret_access_key: secretAccessKey, holder, session });
  };

  return {
    owner,
    ownerKeys: () => keysFor(ownerHolder, ''),
    /** The keys that stay the same for a role and a name of a session. */
    ofRole: keysFor,
    /** New keys of a role for a session that ends. */
    begin(roleArn: string, session: string): Holder & Keys {
      const pair = newKeys('ASIA');
      const caller: Caller = { ...callerFor(roleArn, session), session: pair.accessKeyId };
      holders.set(pair.accessKeyId, { caller, secretAccessKey: pair.secretAccessKey });
      return { ...pair, caller };
    },
    end: (accessKeyId: string) => void holders.delete(accessKeyId),
    holderOf: (accessKeyId: string): Holder | undefined => holders.get(accessKeyId),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes */
function newKeys(prefix: 'AKIA' | 'ASIA'): Keys {
  return { accessKeyId: `${prefix}${randomText(16)}`, secretAccessKey: randomBytes(30).toString('base64') };
}

function randomText(length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('');
}
