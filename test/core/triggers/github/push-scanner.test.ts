import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { githubEvents } from '../../../../core/triggers/github/events.ts';
import { scanPushEvent } from '../../../../core/triggers/github/push-scanner.ts';
import { readEvent, recordedEvents } from '../recorded-events.ts';

const pushes = recordedEvents('push');
const [event] = pushes;

describe('the values that are taken out of the text of a push unread', () => {
  const addressSchema = z.object({ repository: z.object({ clone_url: z.url() }) });
  const valuesOf = (read: unknown) => [readEvent(githubEvents, 'push', read), addressSchema.parse(read)];
  const same = (changed: unknown) => {
    const text = JSON.stringify(changed);
    expect(valuesOf(scanPushEvent(text))).toEqual(valuesOf(JSON.parse(text)));
  };

  it('are those that JSON.parse finds, in every event that GitHub has recorded', () => {
    expect(pushes.length).toBeGreaterThan(5);
    for (const push of pushes) same(push);
  });

  it('are not led astray by what people write into messages, names and descriptions', () => {
    const trap =
      '","after":"0000","clone_url":"https://evil.example/x","deleted":true,"forced":true,"head_commit":{"id":"0"}';
    const push = event as Record<string, Record<string, unknown>>;
    same({
      ...push,
      repository: { ...push.repository, description: trap, custom_properties: { clone_url: trap, after: trap } },
      sender: { ...push.sender, login: trap },
      commits: [{ id: '1', message: trap }],
    });
  });

  it.each([
    ['spaces', JSON.stringify(event, undefined, 1)],
    ['an escape in a value', JSON.stringify({ ...(event as object), ref: 'refs/heads/"' })],
    ['a key that is missing', JSON.stringify({ ref: 'refs/heads/main' })],
    ['no JSON', 'payload=%7B%7D'],
    ['nothing', ''],
  ])('are left to JSON.parse in a text with %s', (_, text) => {
    expect(scanPushEvent(text)).toBeUndefined();
  });
});
