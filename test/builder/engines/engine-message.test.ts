import { expect, test } from 'vitest';
import { engineMessage } from '../../../builder/engines/engine-message.ts';

test.each([
  'subprocess exited with status 3',
  'subprocess exited on terminated',
  'container exited on terminated',
  'error running subprocess: exit status 3',
  'error running container: reading container state from /usr/bin/crun (got output: ""): signal: terminated',
  'Error: exit status 3',
  'Error: while running runtime: exit status 1',
  'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
])('%s is what the engine says of a command', (line) => {
  expect(line).toMatch(engineMessage);
});

test.each(['Error: no such table: users', 'error running migrations', '2 subprocess exited with status 3'])(
  '%s is what the command itself says',
  (line) => {
    expect(line).not.toMatch(engineMessage);
  },
);
