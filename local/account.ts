import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Authority, createAuthority } from './aws/iam/authority.ts';
import type { Account } from './aws/service.ts';

export interface AccountOptions {
  /** The machine's one address, `http://localhost:4600`. */
  url: string;
  dataFolder: string;
  log(source: string, message: string): void;
}

export interface OpenAccount extends Account {
  readonly iam: Authority;
  /** Says where the events of the services go, once the service that takes them is made and before any of them starts. */
  connect(bus: Pick<Account, 'emit'>): void;
  close(): void;
}

/** Opens the account of the data folder, or creates a new one there. */
export function openAccount({ url, dataFolder, log }: AccountOptions): OpenAccount {
  const id = '123456789012';
  mkdirSync(dataFolder, { recursive: true });
  const file = join(dataFolder, 'aws.sqlite');
  const database = new DatabaseSync(file);
  // It contains secrets and keys.
  chmodSync(file, 0o600);
  // In WAL mode a committed transaction is with the operating system, so it outlives a kill of this process; `normal` leaves the
  // fsync to the checkpoints, which only matters after a power cut. https://sqlite.org/pragma.html#pragma_synchronous
  database.exec(
    'pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000; pragma foreign_keys = on',
  );

  let connected: Pick<Account, 'emit'> | undefined;

  return {
    id,
    region: 'us-east-1',
    url,
    endpoint: `${url.replace('//localhost:', '//127.0.0.1:')}/aws`,
    dataFolder,
    database,
    iam: createAuthority(id, database),
    emit(event) {
      if (!connected) throw new AccountNotConnectedError('The services of the account are not connected yet.');
      connected.emit(event);
    },
    log,
    connect(bus) {
      connected = bus;
    },
    close: () => database.close(),
  };
}

export class AccountNotConnectedError extends Error {
  override readonly name = 'AccountNotConnectedError';
}
