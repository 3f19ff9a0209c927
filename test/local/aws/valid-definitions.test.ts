import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { DefinitionError, parseDefinition } from '../../../local/aws/step-functions/state-engine.ts';
import { createValidDefinitions } from '../../../local/aws/step-functions/valid-definitions.ts';

const database = new DatabaseSync(':memory:');
afterEach(() => database.exec('delete from states_valid_definition'));

const definition = (next: string) =>
  JSON.stringify({ StartAt: 'One', States: { One: { Type: 'Pass', Next: next }, Two: { Type: 'Succeed' } } });

test('a definition that was found valid is known as such after a restart', () => {
  parseDefinition(definition('Two'), createValidDefinitions(database));
  const known = createValidDefinitions(database);
  expect(known.has(definition('Two'))).toBe(true);
  expect(parseDefinition(definition('Two'), known)).toEqual(JSON.parse(definition('Two')));
});

test('one that is not valid is refused each time', () => {
  for (const known of [createValidDefinitions(database), createValidDefinitions(database)]) {
    expect(() => parseDefinition(definition('Nowhere'), known)).toThrow(DefinitionError);
    expect(known.has(definition('Nowhere'))).toBe(false);
  }
});
