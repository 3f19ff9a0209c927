import { afterEach, expect, it, vi } from 'vitest';
import { NotificationBusyError } from '../../../core/model/errors.ts';
import { untilNotified } from '../../../functions/builds/tell-end.ts';
import { Crash, createCrashPoints } from '../crash-points.ts';
import { id, setUpTell } from '../tell-setup.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('a mail whose sender crashed is no success of the next try, so that another one follows and sends it', async () => {
  const crashes = createCrashPoints();
  await using world = await setUpTell(crashes);
  const tell = untilNotified(world.tell);
  await world.end('failed');
  crashes.crashAt(1, 'after');
  await expect(tell(id)).rejects.toThrow(Crash);
  crashes.restart();
  await expect(tell(id)).rejects.toThrow(NotificationBusyError);
  expect(world.ses.sent).toEqual([]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 });
  await tell(id);
  await tell(id);
  expect(world.ses.sent).toHaveLength(1);
});
