import examples from '@octokit/webhooks-examples' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pushEventSchema, pushTrigger } from '../../../core/triggers/github-push.ts';
import { scanPushEvent } from '../../../core/triggers/push-event-scanner.ts';

interface Example {
  name: string;
  examples: unknown[];
}

const pushes = (examples as unknown as Example[]).find(({ name }) => name === 'push')?.examples ?? [];

const delivery = { id: 'guid', source: 'github.com/demo/app', repository: () => 'demo/app' };

describe("GitHub's push events", () => {
  it('are all understood', () => {
    expect(pushes.length).toBeGreaterThan(5);
    for (const event of pushes) expect(pushEventSchema.safeParse(event).success).toBe(true);
  });

  it('are told apart from the other events', () => {
    const others = (examples as unknown as Example[])
      .filter(({ name }) => name !== 'push')
      .flatMap((each) => each.examples);
    expect(others.filter((event) => pushEventSchema.safeParse(event).success)).toEqual([]);
  });

  it('become hints: which ref to ask for, and what it is expected to be at', () => {
    const event = pushEventSchema.parse({ ...(pushes[0] as object), ref: 'refs/tags/v1.0.0', head_commit: null });
    const trigger = pushTrigger(event, delivery);
    expect(trigger).toMatchObject({ type: 'push', id: 'guid', ref: 'refs/tags/v1.0.0' });
    // It may be an annotated tag's own object.
    expect(trigger.expected).toBeUndefined();
    expect(pushTrigger({ ...event, ref: 'refs/heads/main' }, delivery).expected).toBe(event.after);
  });
});

describe('the values that are taken out of the text unread', () => {
  const [event] = pushes;
  const addressSchema = z.object({ repository: z.object({ clone_url: z.url() }) });
  const valuesOf = (read: unknown) => [pushEventSchema.parse(read), addressSchema.parse(read)];
  const same = (changed: unknown) => {
    const text = JSON.stringify(changed);
    expect(valuesOf(scanPushEvent(text))).toEqual(valuesOf(JSON.parse(text)));
  };

  it('are those that JSON.parse finds, in every event that GitHub has recorded', () => {
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
