import type { DatabaseSync } from 'node:sqlite';
import type { ValidDefinitions } from './state-engine.ts';

/** Kept over a restart. */
export function createValidDefinitions(database: DatabaseSync): ValidDefinitions {
  database.exec('create table if not exists states_valid_definition (text text primary key) without rowid');
  const find = database.prepare('select 1 from states_valid_definition where text = ?');
  const insert = database.prepare('insert or ignore into states_valid_definition values (?)');
  return {
    has: (text) => find.get(text) !== undefined,
    add: (text) => insert.run(text),
  };
}
