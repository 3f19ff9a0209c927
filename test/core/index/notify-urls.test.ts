import { describe, expect, it } from 'vitest';
import { readIndex } from '../../../core/index/read-index.ts';
import { goodFile, now } from './index-texts.ts';

const read = (written: string) => {
  const { projects, diagnostics } = readIndex([goodFile({ shop: { 'notify-url': written } })], { now });
  return { urls: projects[0]?.notifyUrls, messages: diagnostics.map(({ message }) => message) };
};

describe('the addresses that get the events of a project', () => {
  it.each([
    ['https://ci.example.org/hook', [{ url: 'https://ci.example.org/hook', format: 'cloudevents' }]],
    ['{secret: chat, format: Slack, events: failed}', [{ secret: 'chat', format: 'slack', events: ['failed'] }]],
    [
      '[https://a.example.org/, {secret: chat, format: teams, events: [blocked, RELEASED]}, https://a.example.org/]',
      [
        { url: 'https://a.example.org/', format: 'cloudevents' },
        { secret: 'chat', format: 'teams', events: ['released', 'blocked'] },
      ],
    ],
  ])('are read: %s', (written, urls) => {
    expect(read(written)).toEqual({ urls, messages: [] });
  });

  it.each([
    ['ci.example.org', 'is not an address. Write it as https://host/path.'],
    ['file:///etc/passwd', 'is not an address. Write it as https://host/path.'],
    ['https://user:word@ci.example.org/', 'contains a user name or password, which everybody can read'],
    ['{url: "https://a.example.org/", secret: chat}', 'Write one of url and secret.'],
    ['{format: slack}', 'Write one of url and secret.'],
    ['{secret: ../other/chat}', 'is not a name of a secret'],
    ['{secret: chat, format: irc}', '"irc" is not known here.'],
    ['{secret: chat, event: failed}', 'the key "event" is not known. Did you mean "events"?'],
    ['[https://a.example.org/, {secret: chat, events: [fail]}]', '"fail" is not known here.'],
    ['[1, 2, 3, 4, 5, 6]', 'It lists more than 5.'],
  ])('are refused with a sentence: %s', (written, message) => {
    const { urls, messages } = read(written);
    expect(urls).toBeUndefined();
    expect(messages.join('\n')).toContain(message);
    expect(messages.join('\n')).not.toContain('user:word');
  });
});
