import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { id, setUpTell } from '../tell-setup.ts';

it('a build that left something else than a result ends as failed all the same', async () => {
  await using world = await setUpTell();
  await world.queue(id);
  world.records.result = () => Promise.reject(new InvalidInputError('It cannot be read.'));
  await world.failBuild(id, { outcome: 'failed', error: { Error: 'States.TaskFailed' } });
  expect(await world.builds.require(id)).toMatchObject({
    status: 'failed',
    failure: { error: 'InvalidInputError', message: 'It cannot be read.' },
  });
});
