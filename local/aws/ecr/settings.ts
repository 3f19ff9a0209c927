import { z } from 'zod';
import { type Account, operation } from '../service.ts';
import { invalidParameter } from './errors.ts';

const settings = {
  BLOB_MOUNTING: { values: ['ENABLED', 'DISABLED'], initial: 'DISABLED' },
  BASIC_SCAN_TYPE_VERSION: { values: ['AWS_NATIVE'], initial: 'AWS_NATIVE' },
} as const;

type SettingName = keyof typeof settings;

/** The settings of the account. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html */
export function createSettings({ database }: Account) {
  const select = database.prepare('select value from ecr_setting where name = ?');
  const upsert = database.prepare(`
    insert into ecr_setting (name, value) values (?, ?) on conflict do update set value = excluded.value`);
  const get = (name: SettingName): string => String(select.get(name)?.value ?? settings[name].initial);

  return {
    get,

    operations: {
      GetAccountSetting: operation({
        input: z.object({ name: z.string() }),
        permissions: () => [{ action: 'ecr:GetAccountSetting', resource: '*' }],
        handle: ({ name }) => ({ name, value: get(known(name)) }),
      }),

      PutAccountSetting: operation({
        input: z.object({ name: z.string(), value: z.string() }),
        permissions: () => [{ action: 'ecr:PutAccountSetting', resource: '*' }],
        handle({ name, value }) {
          if (!settings[known(name)].values.some((allowed) => allowed === value)) {
            throw invalidParameter('value', `'${value}' is not a value of ${name}`);
          }
          upsert.run(name, value);
          return { name, value };
        },
      }),
    },
  };
}

function known(name: string): SettingName {
  if (!Object.hasOwn(settings, name)) throw invalidParameter('name', `'${name}' is not a setting of the account`);
  return name as SettingName;
}
