import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSeals } from '../../../services/aws/seals.ts';

const sealsOf = (key: string) => createSeals({ current: async () => key });
const seals = sealsOf('the key');

test('a text comes back from its seal, whatever is in it', async () => {
  for (const text of ['', 'a.b', 'demo/app:latest', '{"month":"2026-11"}', 'ü\n'])
    expect(await seals.open('list', await seals.seal('list', text))).toBe(text);
});

test('a seal is an HMAC of the purpose and the text', async () => {
  const code = createHmac('sha256', 'the key').update('["list","text"]').digest().subarray(0, 16);
  expect(await seals.seal('list', 'text')).toBe(`text.${code.toString('base64url')}`);
});

test('nothing else opens: another purpose, another key, a changed text, a changed or missing code', async () => {
  const sealed = await seals.seal('list', 'text');
  const [text, code = ''] = sealed.split('.');
  expect(await seals.open('another list', sealed)).toBeUndefined();
  expect(await sealsOf('another key').open('list', sealed)).toBeUndefined();
  for (const wrong of [
    '',
    '.',
    'text',
    'text.',
    `${text}x.${code}`,
    `text.${code.slice(0, 10)}`,
    `text.${'A'.repeat(22)}`,
  ])
    expect([wrong, await seals.open('list', wrong)]).toEqual([wrong, undefined]);
});

test('a text that is hidden comes back, the same each time, and cannot be read', async () => {
  for (const text of ['', 'demo/vault:latest', 'ü\n']) {
    const hidden = await seals.hide('list', text);
    expect(await seals.reveal('list', hidden)).toBe(text);
    expect(await seals.hide('list', text)).toBe(hidden);
    if (text !== '') expect(Buffer.from(hidden, 'base64url').includes(text)).toBe(false);
  }
});

test('nothing else is revealed: another purpose, another key, a changed or cut text', async () => {
  const hidden = await seals.hide('list', 'text');
  expect(await seals.reveal('another list', hidden)).toBeUndefined();
  expect(await sealsOf('another key').reveal('list', hidden)).toBeUndefined();
  for (const wrong of ['', 'text', hidden.slice(0, -2), `A${hidden.slice(1)}`, `${hidden}AA`])
    if (wrong !== hidden) expect([wrong, await seals.reveal('list', wrong)]).toEqual([wrong, undefined]);
});
