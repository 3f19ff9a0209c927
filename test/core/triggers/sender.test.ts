import { expect, test } from 'vitest';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { type TriggerSenders, triggerFrom } from '../../../core/triggers/sender.ts';

const senders: TriggerSenders = { AROAWEBHOOK: ['push', 'pull-request'], AROANOBODY: [] };
const push = { type: 'push', id: '1', source: 'github.com/demo/app', ref: 'refs/heads/main', pusher: 'someone' };
const manual = { type: 'manual', id: '1', project: 'demo/app:latest', requester: 'someone' };
const from = (sender: string, trigger: object) => triggerFrom(JSON.stringify(trigger), sender, senders);

test.each([
  ['what its role is for', 'AROAWEBHOOK:webhook', push],
  ['everything, if it is a person whom the account lets send', 'AROAADMIN:alice@example.org', manual],
  ['everything, if it is the account itself', '123456789012', manual],
])('a sender may send %s', (_, sender, trigger) => {
  expect(from(sender, trigger)).toEqual(trigger);
});

test.each([
  ['what a command asks for, by the function that strangers call', 'AROAWEBHOOK:webhook', manual],
  ['the same under the name of another session', 'AROAWEBHOOK:AROAADMIN:alice', manual],
  ['anything, where nothing is allowed', 'AROANOBODY:x', push],
])('a sender may not send %s', (_, sender, trigger) => {
  expect(() => from(sender, trigger)).toThrow(InvalidInputError);
  expect(() => from(sender, trigger)).toThrow(/which it may not send/);
});

test.each(['__proto__', 'constructor', ''])('a sender "%s" is not on the list', (sender) => {
  expect(from(sender, push)).toEqual(push);
});

test('what is no trigger is one of nobody', () => {
  expect(() => from('AROAADMIN:alice', { type: 'deploy' })).toThrow();
  expect(() => triggerFrom('no JSON', 'AROAADMIN:alice', senders)).toThrow();
});
