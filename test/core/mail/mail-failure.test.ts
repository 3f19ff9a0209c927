import { expect, it } from 'vitest';
import { failuresOf } from '../../../core/mail/mail-failure.ts';

const at = '2026-11-29T10:00:00.000Z';
const bounce = (over: object = {}) => ({
  source: 'aws.ses',
  detail: {
    eventType: 'Bounce',
    mail: { destination: ['a@example.org'] },
    bounce: {
      bounceType: 'Permanent',
      bouncedRecipients: [{ emailAddress: 'a@example.org', status: '5.1.1', diagnosticCode: 'smtp; 550 unknown' }],
      timestamp: at,
      ...over,
    },
  },
});

it('an address that there is not, with what its server says', () => {
  expect(failuresOf(bounce())).toEqual([
    { address: 'a@example.org', failure: { kind: 'bounced', at, reason: 'smtp; 550 unknown' } },
  ]);
});

it.each(['Transient', 'Undetermined'])('a %s bounce says nothing of the next mail', (bounceType) => {
  expect(failuresOf(bounce({ bounceType }))).toEqual([]);
});

it('an address is the same however a server names it', () => {
  const bouncedRecipients = [{ emailAddress: '"Ann, of A" <ann@example.org>' }, { emailAddress: ' bob@example.org ' }];
  expect(failuresOf(bounce({ bouncedRecipients })).map(({ address }) => address)).toEqual([
    'ann@example.org',
    'bob@example.org',
  ]);
});

it('what a server says is kept up to a length', () => {
  const bouncedRecipients = [{ emailAddress: 'a@example.org', diagnosticCode: 'x'.repeat(100_000) }];
  expect(failuresOf(bounce({ bouncedRecipients }))[0]?.failure.reason).toHaveLength(500);
});

it('a mail that its recipient marked as spam', () => {
  const complaint = { complainedRecipients: [{ emailAddress: 'a@example.org' }], timestamp: at };
  expect(failuresOf({ detail: { eventType: 'Complaint', complaint } })).toEqual([
    { address: 'a@example.org', failure: { kind: 'complained', at } },
  ]);
});

it('anything else is refused', () => {
  for (const event of [undefined, {}, { detail: { eventType: 'Delivery' } }, { detail: { eventType: 'Bounce' } }])
    expect(() => failuresOf(event)).toThrow();
});
